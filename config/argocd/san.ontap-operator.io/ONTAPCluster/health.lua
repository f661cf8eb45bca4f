-- The health of an ONTAPCluster. It waits and goes on by itself while Progressing; Degraded needs a person.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions["Ready"]

if obj.metadata.deletionTimestamp ~= nil then
  return {status = "Progressing", message = ready and ready.message or "It is being deleted."}
end
if ready == nil then
  return {status = "Progressing", message = "The operator has not looked at it yet."}
end
if (status.observedGeneration or -1) < obj.metadata.generation then
  -- Ready may be about the latest change already, which is then under way.
  if ready.observedGeneration == obj.metadata.generation then
    return {status = "Progressing", message = ready.message}
  end
  return {status = "Progressing", message = "The operator has not looked at the latest change yet."}
end
if conditions["Stalled"] ~= nil and conditions["Stalled"].status == "True" then
  return {status = "Degraded", message = conditions["Stalled"].message}
end
if ready.status ~= "True" then
  -- False while trouble lasts that should pass, and Unknown while the array is out of reach.
  return {status = "Progressing", message = ready.message}
end
-- The array is watched while it is paused: the conditions know nothing of it.
if (obj.metadata.annotations or {})["san.ontap-operator.io/paused"] == "true" then
  return {status = "Suspended", message = "Paused: the operator changes nothing on this array."}
end
return {status = "Healthy", message = ready.message}
