local annotations = obj.metadata.annotations or {}
annotations["san.ontap-operator.io/paused"] = nil
if next(annotations) == nil then
  -- Argo CD takes an empty table for an empty list, and would put back what was there.
  annotations = nil
end
obj.metadata.annotations = annotations
return obj
