local paused = (obj.metadata.annotations or {})["san.ontap-operator.io/paused"] == "true"
return {
  reconcile = {disabled = paused},
  pause = {disabled = paused},
  resume = {disabled = not paused},
}
