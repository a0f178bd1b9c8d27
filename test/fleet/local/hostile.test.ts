import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { egressLimits } from "../../../shared/limits.ts";
import { residentBelow } from "../../bench/load.ts";
import { apiOf, newState, startFleet, until } from "./fleet.ts";
import { type HostileUpstream, startHostileUpstream } from "./hostile_upstream.ts";

const token = "s3cret-token-that-nobody-sees";
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
  write("patient", { rules, limits: { seconds: 1 } });
  const at = `http://127.0.0.1:${upstream.port}`;
  fleet = await startFleet(state.dir, {
    FLEET_POLICY_DIR: policies,
    FLEET_HOSTS: `hostile.example=${at},other.example=${at}`,
    SECRET_HOSTILE: token,
  });
}, 120_000);

afterAll(async () => {
  await fleet?.stop();
  await upstream?.stop();
  state.remove();
});

interface Listed {
  decisions: { url: string; action: string; reason: string; status: number | null }[];
  next_cursor: string | null;
}

interface Given {
  policy?: string;
  sandbox?: string;
}

/** Runs one tool call as a task of its own; its answer, and what the log has of it, the oldest first. */
async function ran(name: string, args: object, { policy = "hostile", sandbox }: Given = {}) {
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
  const { decisions } = await api.get<Listed>(`/v1/tasks/${id}/egress`);
  return { told: JSON.stringify(steps[1]?.output), decisions };
}

/** One line for each path: the status and the reason or the body, or what was thrown. */
const visiting = (paths: readonly string[]) => `
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

const ends: Readonly<Record<string, string>> = {
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
  test("every trick of an upstream ends as the table says, and is in the log", async () => {
    const before = upstream.requests.length;
    const { told, decisions } = await ran(
      "run_code",
      { code: visiting(Object.keys(ends)) },
      { sandbox },
    );
    for (const [at, end] of Object.entries(ends)) expect(told).toContain(`${at} ${end}`);
    expect(told).not.toContain(token);
    const seen = upstream.requests.slice(before);
    const sent = decisions.filter(({ action }) => action !== "deny");
    expect(sent.map(({ url }) => new URL(url).pathname)).toEqual(seen.map((one) => one.path));
    expect(new Set(seen.map((one) => one.authorization))).toEqual(new Set([`Bearer ${token}`]));
    expect(decisions.filter(({ action }) => action === "deny").map(({ url }) => url)).toEqual([
      "https://other.example/",
      "http://hostile.example/ok",
      "http://169.254.169.254/latest/meta-data/",
    ]);
    // Twenty redirects are followed, as on the web; the gateway stopped reading long before the end.
    expect(seen.filter((one) => one.path.startsWith("/loop/"))).toHaveLength(21);
    expect(upstream.sentMax()).toBeLessThan(5 * egressLimits.responseBytesMax);
  }, 60_000);

  test("nothing reaches a port that speaks no HTTP", async () => {
    const at = `${upstream.rawPort}, "127.0.0.1"`;
    const module = (name: string) => `process.getBuiltinModule("${name}")`;
    const code = [
      `(await import("cloudflare:sockets")).connect("127.0.0.1:${upstream.rawPort}")`,
      `await ${module("cloudflare:sockets")}.connect("127.0.0.1:${upstream.rawPort}").opened`,
      `await new Promise((ok, no) => ${module("node:net")}.connect(${at}).on("connect", ok).on("error", no))`,
      `await new Promise((ok, no) => ${module("node:tls")}.connect(${at}).on("secureConnect", ok).on("error", no))`,
      `new WebSocket("ws://127.0.0.1:${upstream.rawPort}/")`,
      `await new Promise((ok, no) => { const it = new EventSource("http://127.0.0.1:${upstream.rawPort}/"); it.onopen = ok; it.onerror = no })`,
      `navigator.sendBeacon("http://127.0.0.1:${upstream.rawPort}/", "x")`,
      `await (async (r) => { if (r.status === 403) throw r })(await fetch("http://127.0.0.1:${upstream.rawPort}/"))`,
    ];
    const attempts = code.map((one) => `async () => { ${one} }`).join(", ");
    const { told } = await ran(
      "run_code",
      {
        code: `let n = 0; for (const attempt of [${attempts}]) { try { await attempt(); console.log("reached", String(attempt)) } catch { n += 1 } } n`,
      },
      { sandbox },
    );
    expect(told).toContain(`"${code.length}"`);
    expect(upstream.rawConnections()).toBe(0);
  }, 60_000);
});

test("fetch_url follows ten redirects of a loop, each a decision", async () => {
  const { told, decisions } = await ran("fetch_url", { url: "https://hostile.example/loop/0" });
  expect(told).toContain("HTTP 302");
  expect(decisions).toHaveLength(egressLimits.redirectsMax + 1);
}, 60_000);

test("an answer that never ends is given up at the policy's seconds", async () => {
  const { told, decisions } = await ran(
    "fetch_url",
    { url: "https://hostile.example/endless" },
    { policy: "patient" },
  );
  expect(told).toContain("timeout");
  expect(told).not.toContain("it begins");
  expect(decisions).toMatchObject([{ action: "inject", reason: "timeout", status: 200 }]);
}, 60_000);

test("a gigabyte that is offered does not stay in the runtime's memory", async () => {
  // Resident memory of the whole runtime, the stores' simulators included: what an operator would see.
  const flood = { code: visiting(["/gigabyte", "/gigabyte", "/gigabyte"]) };
  const before = residentBelow(fleet.pid);
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, residentBelow(fleet.pid));
  }, 250);
  try {
    await ran("run_code", flood);
  } finally {
    clearInterval(sampler);
  }
  expect(most - before).toBeLessThan(200);
}, 60_000);
