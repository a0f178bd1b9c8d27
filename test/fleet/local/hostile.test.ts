import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { egressLimits } from "../../../shared/limits.ts";
import { residentBelow } from "../../bench/load.ts";
import { apiOf, newState, startFleet, until } from "./fleet.ts";
import { type HostileUpstream, startHostileUpstream } from "./hostile_upstream.ts";

const token = "s3cret-token-that-no-agent-sees";
const state = newState();
let upstream: HostileUpstream;
let fleet: DevServer;

beforeAll(async () => {
  upstream = await startHostileUpstream();
  const policies = path.join(state.dir, "policies");
  fs.mkdirSync(policies, { recursive: true });
  const inject = { header: "authorization", secret: "HOSTILE", prefix: "Bearer " };
  const rules = [{ host: "hostile.example", inject }];
  const write = (name: string, policy: object) =>
    fs.writeFileSync(path.join(policies, `${name}.json`), JSON.stringify(policy));
  write("hostile", { rules });
  write("impatient", { rules, limits: { seconds: 1 } });
  const address = `http://127.0.0.1:${upstream.port}`;
  fleet = await startFleet(state.dir, {
    FLEET_POLICY_DIR: policies,
    FLEET_HOSTS: `hostile.example=${address},other.example=${address}`,
    SECRET_HOSTILE: token,
  });
}, 120_000);

afterAll(async () => {
  await fleet?.stop();
  await upstream?.stop();
  state.remove();
});

interface EgressLog {
  decisions: { url: string; action: string; reason: string; status: number | null }[];
  next_cursor: string | null;
}

interface CallOptions {
  policy?: string;
  sandbox?: string;
}

/** Runs one tool call as a task. Returns its output, and its egress decisions, oldest first. */
async function callTool(
  name: string,
  args: object,
  { policy = "hostile", sandbox }: CallOptions = {},
) {
  const api = apiOf(fleet);
  const { id } = await api.post<{ id: string }>(
    "/v1/tasks",
    JSON.stringify({
      prompt: "p",
      policy,
      ...(sandbox === undefined ? {} : { sandbox }),
      limits: { egress_requests: 2_000, egress_bytes: 1_000_000_000 },
      rehearsal: [
        { calls: [{ name, arguments: args }] },
        { calls: [{ name: "final_answer", arguments: { text: "done" } }] },
      ],
    }),
  );
  await until(
    () => api.get<{ status: string }>(`/v1/tasks/${id}`),
    ({ status }) => status === "succeeded",
  );
  const { steps } = await api.get<{ steps: { output: unknown }[] }>(`/v1/tasks/${id}/steps`);
  const { decisions } = await api.get<EgressLog>(`/v1/tasks/${id}/egress`);
  return { output: JSON.stringify(steps[1]?.output), decisions };
}

/** A program that prints one line per path: the status with the reason or the body, or the error. */
const fetchAll = (paths: readonly string[]) => `
for (const path of ${JSON.stringify(paths)}) {
  try {
    const response = await fetch("https://hostile.example" + path);
    const text = await response.text();
    const { error } = text.startsWith("{") ? JSON.parse(text) : {};
    console.log(path + " " + response.status + " " + (error?.reason ?? text.slice(0, 60)));
  } catch (error) {
    console.log(path + " threw " + error.name);
  }
}`;

const expectedOutcomes: Readonly<Record<string, string>> = {
  "/to-other": "403 no_rule",
  "/to-http": "403 no_rule",
  "/to-private": "403 address",
  "/loop/0": "threw TypeError",
  "/gigabyte": "502 response_too_large",
  "/headers": "502 unreachable",
  "/split": "200 Bearer [redacted]",
  "/shout": "502 encoding",
  "/ok": "200 ok",
};

describe.each(["isolate", "isolate-v8"])("from inside %s, over real HTTP", (sandbox) => {
  test("every attack of an upstream has its expected outcome and is in the log", async () => {
    const before = upstream.requests.length;
    const { output, decisions } = await callTool(
      "run_code",
      { code: fetchAll(Object.keys(expectedOutcomes)) },
      { sandbox },
    );
    for (const [path, outcome] of Object.entries(expectedOutcomes))
      expect(output).toContain(`${path} ${outcome}`);
    expect(output).not.toContain(token);
    const received = upstream.requests.slice(before);
    const sentDecisions = decisions.filter(({ action }) => action !== "deny");
    expect(sentDecisions.map(({ url }) => new URL(url).pathname)).toEqual(
      received.map((request) => request.path),
    );
    expect(new Set(received.map((request) => request.authorization))).toEqual(
      new Set([`Bearer ${token}`]),
    );
    expect(decisions.filter(({ action }) => action === "deny").map(({ url }) => url)).toEqual([
      "https://other.example/",
      "http://hostile.example/ok",
      "http://169.254.169.254/latest/meta-data/",
    ]);
    // Twenty redirects are followed, as in browsers; the gateway stops reading long before the end.
    expect(received.filter((request) => request.path.startsWith("/loop/"))).toHaveLength(21);
    expect(upstream.sentMax()).toBeLessThan(5 * egressLimits.responseBytesMax);
  }, 60_000);

  test("nothing reaches a port without HTTP", async () => {
    const address = `${upstream.rawPort}, "127.0.0.1"`;
    const module = (name: string) => `process.getBuiltinModule("${name}")`;
    const code = [
      `(await import("cloudflare:sockets")).connect("127.0.0.1:${upstream.rawPort}")`,
      `await ${module("cloudflare:sockets")}.connect("127.0.0.1:${upstream.rawPort}").opened`,
      `await new Promise((ok, no) => ${module("node:net")}.connect(${address}).on("connect", ok).on("error", no))`,
      `await new Promise((ok, no) => ${module("node:tls")}.connect(${address}).on("secureConnect", ok).on("error", no))`,
      `new WebSocket("ws://127.0.0.1:${upstream.rawPort}/")`,
      `await new Promise((ok, no) => { const it = new EventSource("http://127.0.0.1:${upstream.rawPort}/"); it.onopen = ok; it.onerror = no })`,
      `navigator.sendBeacon("http://127.0.0.1:${upstream.rawPort}/", "x")`,
      `await (async (r) => { if (r.status === 403) throw r })(await fetch("http://127.0.0.1:${upstream.rawPort}/"))`,
    ];
    const attempts = code.map((line) => `async () => { ${line} }`).join(", ");
    const { output } = await callTool(
      "run_code",
      {
        code: `let n = 0; for (const attempt of [${attempts}]) { try { await attempt(); console.log("reached", String(attempt)) } catch { n += 1 } } n`,
      },
      { sandbox },
    );
    expect(output).toContain(`"${code.length}"`);
    expect(upstream.rawConnections()).toBe(0);
  }, 60_000);
});

test("`fetch_url` follows ten redirects of a loop, each with a decision", async () => {
  const { output, decisions } = await callTool("fetch_url", {
    url: "https://hostile.example/loop/0",
  });
  expect(output).toContain("HTTP 302");
  expect(decisions).toHaveLength(egressLimits.redirectsMax + 1);
}, 60_000);

test("a response that never ends is aborted at the time limit of the policy", async () => {
  const { output, decisions } = await callTool(
    "fetch_url",
    { url: "https://hostile.example/endless" },
    { policy: "impatient" },
  );
  expect(output).toContain("timeout");
  expect(output).not.toContain("it starts");
  expect(decisions).toMatchObject([{ action: "inject", reason: "timeout", status: 200 }]);
}, 60_000);

test("a response of a gigabyte does not stay in the memory of the runtime", async () => {
  // Resident memory of the whole runtime with the simulated stores, as an operator sees it.
  const flood = { code: fetchAll(["/gigabyte", "/gigabyte", "/gigabyte"]) };
  const before = residentBelow(fleet.pid);
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, residentBelow(fleet.pid));
  }, 250);
  try {
    await callTool("run_code", flood);
  } finally {
    clearInterval(sampler);
  }
  expect(peak - before).toBeLessThan(200);
}, 60_000);
