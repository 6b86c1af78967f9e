-- wrk: one connection per thread. PATH asks the same GET again and again; FLOW (registration, login) begins a native flow and
-- submits it. Prints one JSON line: {done, wrong, seconds, p50_ms, p99_ms, first_wrong}.
local flow, path, people = os.getenv("FLOW"), os.getenv("GET"), tonumber(os.getenv("PEOPLE") or "1")
local password = os.getenv("PASSWORD")
local json = { ["Content-Type"] = "application/json", ["Accept"] = "application/json" }
if os.getenv("TOKEN") ~= "" then json["X-Session-Token"] = os.getenv("TOKEN") end
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

function init()
  math.randomseed(os.time() * 64 + number)
  run, made, action = math.random(1, 1e9), 0, nil
  counted, wrong, first_wrong = 0, 0, ""
end

local function filled_in()
  if flow == "login" then
    return string.format('{"method":"password","identifier":"person-%d@example.org","password":"%s"}', math.random(1, people), password)
  end
  made = made + 1
  return string.format('{"method":"password","password":"%s","traits":{"email":"b-%d-%d-%d@example.org"}}', password, run, number, made)
end

function request()
  if not flow then return wrk.format("GET", path, json) end
  if action then return wrk.format("POST", action, json, filled_in()) end
  return wrk.format("GET", "/self-service/" .. flow .. "/api", json)
end

function response(status, _, body)
  if status ~= 200 then
    wrong, action = wrong + 1, nil
    if first_wrong == "" then first_wrong = status .. " " .. body:sub(-300):gsub('["\\%c]', "'") end
  elseif not flow or action then
    counted, action = counted + 1, nil
  else
    action = "/self-service/" .. flow .. "?flow=" .. body:match('"id":"([%x-]+)"')
  end
end

function done(summary, latency)
  local all, bad, text = 0, 0, ""
  for _, thread in ipairs(threads) do
    all, bad = all + thread:get("counted"), bad + thread:get("wrong")
    if thread:get("first_wrong") ~= "" then text = thread:get("first_wrong") end
  end
  io.write(string.format('RESULT {"done": %d, "wrong": %d, "seconds": %.3f, "p50_ms": %.2f, "p99_ms": %.2f, "first_wrong": "%s"}\n',
    all, bad, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, text))
end
