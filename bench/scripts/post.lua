-- For wrk: POSTs one body, with the tokens of a file in turn, and writes its summary as JSON.
-- BENCH_TOKENS: a file with one token a line. BENCH_BODY: a file. BENCH_HEADERS: further headers, "name: value" a line.
local requests, turn = {}, 0

local function read(name)
  local file = assert(io.open(os.getenv(name), "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(_)
  local headers = { ["content-type"] = "application/json", ["accept"] = "application/json, text/event-stream" }
  for name, value in (os.getenv("BENCH_HEADERS") or ""):gmatch("([^\n:]+): ([^\n]+)") do headers[name] = value end
  local body = read("BENCH_BODY")
  for token in read("BENCH_TOKENS"):gmatch("[^\n]+") do
    headers["authorization"] = "Bearer " .. token
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    'SUMMARY {"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "late": %d, "p50": %d, "p99": %d, "max": %d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
