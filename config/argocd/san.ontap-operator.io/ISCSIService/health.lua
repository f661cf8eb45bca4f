-- The health of an ISCSIService. It waits and goes on by itself while Progressing; Degraded needs a person.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function holds(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end
local ready = conditions["Ready"]

if obj.metadata.deletionTimestamp ~= nil then
  return {status = "Progressing", message = ready and ready.message or "It is being deleted."}
end
if holds("Paused") then
  return {status = "Suspended", message = conditions["Paused"].message}
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
if holds("Stalled") then
  return {status = "Degraded", message = conditions["Stalled"].message}
end
if ready.status == "True" then
  return {status = "Healthy", message = ready.message}
end
-- Ready is False while trouble lasts that should pass, as while initiators are logged in to a service that is to be
-- disabled, and Unknown while the array is out of reach.
return {status = "Progressing", message = ready.message}
