-- Sends each delivery of a file once. A line is a path, the number of a body, an id, a time and a signature. The bodies are
-- the lines of another file.
local lines, bodies, at = {}, {}, 0

function init(args)
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  for line in io.lines(args[2]) do bodies[#bodies + 1] = line end
  wrk.method = "POST"
end

function request()
  at = at % #lines + 1
  local path, body, id, time, signature = lines[at]:match("(%S+) (%S+) (%S+) (%S+) (%S+)")
  wrk.headers["webhook-id"] = id
  wrk.headers["webhook-timestamp"] = time
  wrk.headers["webhook-signature"] = signature
  return wrk.format(nil, path, nil, bodies[tonumber(body)])
end
