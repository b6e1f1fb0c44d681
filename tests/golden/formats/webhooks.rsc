/ip firewall address-list
:do { add list=gatepost-webhooks address=101.126.59.7 comment="gatepost 7" } on-error={ set [find where list="gatepost-webhooks" and address="101.126.59.7"] comment="gatepost 7" }
:do { add list=gatepost-webhooks address=111.230.0.0/16 comment="gatepost 7" } on-error={ set [find where list="gatepost-webhooks" and address="111.230.0.0/16"] comment="gatepost 7" }
:do { add list=gatepost-webhooks address=203.205.128.0/19 comment="gatepost 7" } on-error={ set [find where list="gatepost-webhooks" and address="203.205.128.0/19"] comment="gatepost 7" }
:if ([:len [find where list="gatepost-webhooks" and comment="gatepost 7"]] = 3) do={ remove [find where list="gatepost-webhooks" and comment~"^gatepost " and comment!="gatepost 7"] } else={ :log error "gatepost-webhooks: not every address was taken, so none was removed" }
/ipv6 firewall address-list
:do { add list=gatepost-webhooks address=2402:4e00::/32 comment="gatepost 7" } on-error={ set [find where list="gatepost-webhooks" and address="2402:4e00::/32"] comment="gatepost 7" }
:do { add list=gatepost-webhooks address=2408:8756::5/128 comment="gatepost 7" } on-error={ set [find where list="gatepost-webhooks" and address="2408:8756::5/128"] comment="gatepost 7" }
:if ([:len [find where list="gatepost-webhooks" and comment="gatepost 7"]] = 2) do={ remove [find where list="gatepost-webhooks" and comment~"^gatepost " and comment!="gatepost 7"] } else={ :log error "gatepost-webhooks: not every address was taken, so none was removed" }
