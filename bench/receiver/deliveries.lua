-- Sends each delivery of a file once. A line is a path, an id, a time and a signature.
local lines, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  local file = io.open(args[2], "rb")
  wrk.method, wrk.body = "POST", file:read("*a")
  file:close()
end

function request()
  at = at % #lines + 1
  local path, id, time, signature = lines[at]:match("(%S+) (%S+) (%S+) (%S+)")
  wrk.headers["webhook-id"] = id
  wrk.headers["webhook-timestamp"] = time
  wrk.headers["webhook-signature"] = signature
  return wrk.format(nil, path)
end
