// gatepost webhooks serial 7
var gatepostOthers = "PROXY proxy.example.com:3128; DIRECT";
var gatepostNames = {
  "i.work.weixin.qq.com": 1,
  "xn--fiq228c.com": 1
};
var gatepostTrees = {
  "work.weixin.qq.com": 1
};
var gatepostRanges = [
  [1702771463, 1702771463],
  [1877344256, 1877409791],
  [3419242496, 3419250687]
];
function gatepostNumber(host) {
  var found = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(host);
  var number = 0;
  for (var i = 1; found && i <= 4; i++) {
    if (found[i] > 255 || String(Number(found[i])) !== found[i]) return -1;
    number = number * 256 + Number(found[i]);
  }
  return found ? number : -1;
}
function gatepostInRange(number) {
  var low = 0, high = gatepostRanges.length - 1;
  while (low <= high) {
    var middle = (low + high) >> 1, range = gatepostRanges[middle];
    if (number < range[0]) high = middle - 1;
    else if (number > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}
function gatepostHas(table, name) {
  return Object.prototype.hasOwnProperty.call(table, name);
}
function gatepostIsListed(host) {
  var number = gatepostNumber(host);
  if (number >= 0) return gatepostInRange(number);
  if (gatepostHas(gatepostNames, host)) return true;
  for (var dot = host.indexOf("."); dot > 0; dot = host.indexOf(".", dot + 1)) {
    if (gatepostHas(gatepostTrees, host.slice(dot + 1))) return true;
  }
  return false;
}
function FindProxyForURL(url, host) {
  return gatepostIsListed(host.toLowerCase().replace(/\.$/, "")) ? "DIRECT" : gatepostOthers;
}
