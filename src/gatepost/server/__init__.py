"""What others see of gatepost over HTTP: feeds, answers, health, console."""
