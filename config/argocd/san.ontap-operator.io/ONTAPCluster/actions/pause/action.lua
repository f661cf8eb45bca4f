obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["san.ontap-operator.io/paused"] = "true"
return obj
