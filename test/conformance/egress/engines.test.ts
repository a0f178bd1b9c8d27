import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createGateway } from "../../../consumer/egress/gateway.ts";
import type { Capabilities, Engine } from "../../../consumer/sandbox/engine.ts";
import { isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { isolateV8Engine } from "../../../consumer/sandbox/isolate_v8.ts";
import { outbound } from "../../../consumer/sandbox/microvm/outbound.ts";
import { compile, type Decision, decide } from "../../../policies/decide.ts";
import { readPolicy } from "../../../policies/policy.ts";
import { nothing, run } from "../../sandbox/running.ts";
import { policies } from "./policies.ts";
import { type Case, cases } from "./table.ts";

/** Asks for every case of `cases.json`, and tells what came of each. */
const program = `
const cases = JSON.parse(fs.readFileSync("cases.json", "utf8"));
const answers = [];
for (const { url, method, headers } of cases) {
  try {
    const response = await fetch(url, { method, headers, redirect: "manual" });
    const body = await response.text();
    answers.push({ status: response.status, ...(response.status === 200 ? { body } : JSON.parse(body)) });
  } catch (error) {
    answers.push({ thrown: error.name });
  }
}
fs.writeFileSync("answers.json", JSON.stringify(answers));
`;

type Answer =
  | { thrown: string }
  | { status: number; body?: string; error?: { code: string; host: string; reason: string } };

interface Seen {
  url: string;
  method: string;
  redirect: string;
  authorization: string | null;
}

const secret = "the-injected-value";

/** Asks for each case by way of what a task's gateway offers. */
type Ask = (asked: readonly Case[], fetch: Capabilities["fetch"]) => Promise<Answer[]>;

/** By a program inside an engine. */
const inside =
  (engine: Engine): Ask =>
  async (asked, fetch) => {
    const files = {
      "cases.json": JSON.stringify(
        asked.map(({ url, method, headers }) => ({ url, method, headers })),
      ),
    };
    const outcome = await run(program, { engine, files, capabilities: { fetch } });
    expect(outcome.error).toBeNull();
    const bytes = outcome.changes.get("answers.json") ?? new Uint8Array();
    return JSON.parse(new TextDecoder().decode(bytes)) as Answer[];
  };

/** By whatever runs in a container: its requests are intercepted as they leave. */
const outOfContainer: Ask = async (asked, fetch) => {
  const capabilities = { ...nothing, fetch };
  const answers: Answer[] = [];
  for (const { url, method, headers } of asked) {
    let request: Request;
    try {
      request = new Request(url, { method, headers: headers.map(([...pair]) => pair) });
    } catch (error) {
      answers.push({ thrown: error instanceof Error ? error.name : "" });
      continue;
    }
    const response = await outbound(request, capabilities);
    const { status } = response;
    const body = await response.text();
    answers.push({ status, ...(status === 200 ? { body } : JSON.parse(body)) });
  }
  return answers;
};

/** The cases of one policy; the upstream echoes what it saw. */
async function within(ask: Ask, policy: Case["policy"], asked: readonly Case[]) {
  const seen: Seen[] = [];
  const parsed = readPolicy(typeof policy === "string" ? policies[policy] : policy);
  const gateway = createGateway({
    policyName: "conformance",
    policy: parsed.ok
      ? { ok: true, policy: parsed.policy }
      : { ok: false, reason: "invalid_policy" },
    mode: "deployed",
    secretOf: () => secret,
    hosts: new Map(),
    routes: {},
    limits: { requests: asked.length, bytes: 10_000_000 },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal: new AbortController().signal,
    beforeSend: async () => "go",
    log: () => {},
    send: async (url, init) => {
      const headers = new Headers(init.headers);
      const [method, redirect] = [init.method ?? "", init.redirect ?? ""];
      const authorization = headers.get("authorization");
      seen.push({ url, method, redirect, authorization });
      return new Response(method === "HEAD" ? null : `echo ${authorization}`);
    },
  });
  const answers = await ask(asked, (request) => gateway.fetch(request));
  const decisions = asked.map((one) => decide(parsed.ok ? compile(parsed.policy) : null, one));
  return { seen, answers, decisions, rows: gateway.drain() };
}

/** As a program's fetch passes a case on: header values without the white space around them. */
const asFetched = (one: Case): Case => ({
  ...one,
  headers: one.headers.map(([name, value]) => [
    name,
    value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, ""),
  ]),
});

/** What the program's own fetch refuses, as the web's does, before anybody is asked. */
const refusedInside: readonly string[] = ["bad_url", "header", "method"];

function sent(decision: Decision): Seen[] {
  if (decision.action === "deny") return [];
  const authorization = decision.action === "inject" ? `Bearer ${secret}` : null;
  const { url, method } = decision;
  return [{ url: url.href, method, redirect: "manual", authorization }];
}

/** Cases that bring a rule of their own share one policy of all these rules: each run takes its time. */
const policy = {
  rules: cases.flatMap((one) => (typeof one.policy === "string" ? [] : one.policy.rules)),
};
const shared = cases.map((one) => (typeof one.policy === "string" ? one : { ...one, policy }));
const grouped = Map.groupBy(shared.map(asFetched), ({ policy: named }) => named);

describe.each([
  ["inside isolate", inside(isolateEngine(env.LOADER))],
  ["inside isolate-v8", inside(isolateV8Engine(env.LOADER))],
  ["a container of microvm", outOfContainer],
])("from %s", (_, ask) => {
  test("the upstream sees what the decisions allow, and nothing else", async () => {
    const counts = { asked: 0, allowed: 0, refused: 0, thrown: 0 };
    for (const [named, asked] of grouped) {
      const { seen, answers, decisions, rows } = await within(ask, named, asked);
      expect(seen).toEqual(decisions.flatMap(sent));
      expect(answers).toHaveLength(asked.length);
      answers.forEach((answer, index) => {
        const decision = decisions[index];
        const where = `${asked[index]?.method} ${JSON.stringify(asked[index]?.url)}`;
        counts.asked += 1;
        if ("thrown" in answer) {
          counts.thrown += 1;
          expect(answer.thrown, where).toBe("TypeError");
          const unreadable = !URL.canParse(asked[index]?.url ?? "");
          if (!unreadable) expect(refusedInside, where).toContain(decision?.reason);
        } else if (decision?.action === "deny") {
          counts.refused += 1;
          const { url } = decision;
          expect(answer.status, where).toBe(403);
          // A deployed gateway refuses a policy for local runs whole.
          const reason = named === "local" ? "local_only" : decision.reason;
          const error = { code: "egress_denied", host: url?.host ?? "", reason };
          expect(answer.error, where).toMatchObject(error);
        } else {
          counts.allowed += 1;
          expect(answer.status, where).toBe(200);
          // What was injected is not in what comes back.
          const echo = decision?.action === "inject" ? "echo Bearer [redacted]" : "echo null";
          expect(answer.body, where).toBe(decision?.method === "HEAD" ? "" : echo);
        }
      });
      expect(rows).toHaveLength(answers.filter((answer) => !("thrown" in answer)).length);
    }
    expect(counts.asked).toBe(cases.length);
    expect(counts.allowed).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(250);
  }, 20_000);
});
