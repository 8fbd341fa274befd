-- Each request comes from another address, as in a flood of forged keys: an address that fails often is told to wait.
local number = 0

function request()
  number = number + 1
  local a, b, c = math.floor(number / 65536) % 256, math.floor(number / 256) % 256, number % 256
  wrk.headers["CF-Connecting-IP"] = string.format("10.%d.%d.%d", a, b, c)
  return wrk.format()
end
