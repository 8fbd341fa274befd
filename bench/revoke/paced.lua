-- Load at a pace: each connection asks 50 times a second, by one key after another. The keys are the arguments.
local keys = {}
local number = 0

function init(args)
  keys = args
end

function delay()
  return 20
end

function request()
  number = number % #keys + 1
  return wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. keys[number], ["CF-Connecting-IP"] = "203.0.113.7" })
end
