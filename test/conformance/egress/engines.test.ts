import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createGateway } from "../../../consumer/egress/gateway.ts";
import type { Capabilities, Engine } from "../../../consumer/sandbox/engine.ts";
import { isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { isolateV8Engine } from "../../../consumer/sandbox/isolate_v8.ts";
import { handleOutbound } from "../../../consumer/sandbox/microvm/outbound.ts";
import { compile, type Decision, decide } from "../../../policies/decide.ts";
import { readPolicy } from "../../../policies/policy.ts";
import { err } from "../../../shared/result.ts";
import { nothing, run } from "../../sandbox/running.ts";
import type { Case } from "./case.ts";
import { policies } from "./policies.ts";
import { cases } from "./table.ts";

/** Fetches every case of `cases.json` and writes the outcomes to `answers.json`. */
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

interface UpstreamRequest {
  url: string;
  method: string;
  redirect: string;
  authorization: string | null;
}

const secret = "the-injected-value";

/** Sends the cases from a sandbox through the task's gateway. */
type SendCases = (cases: readonly Case[], fetch: Capabilities["fetch"]) => Promise<Answer[]>;

/** Sends the cases from a program inside an engine. */
const insideEngine =
  (engine: Engine): SendCases =>
  async (cases, fetch) => {
    const files = {
      "cases.json": JSON.stringify(
        cases.map(({ url, method, headers }) => ({ url, method, headers })),
      ),
    };
    const outcome = await run(program, { engine, files, capabilities: { fetch } });
    expect(outcome.error).toBeNull();
    const bytes = outcome.changes.get("answers.json") ?? new Uint8Array();
    return JSON.parse(new TextDecoder().decode(bytes)) as Answer[];
  };

/** Sends the cases from a container, whose requests are intercepted. */
const outOfContainer: SendCases = async (cases, fetch) => {
  const capabilities = { ...nothing, fetch };
  const answers: Answer[] = [];
  for (const { url, method, headers } of cases) {
    let request: Request;
    try {
      request = new Request(url, { method, headers: headers.map(([...pair]) => pair) });
    } catch (error) {
      answers.push({ thrown: error instanceof Error ? error.name : "" });
      continue;
    }
    const response = await handleOutbound(request, capabilities);
    const { status } = response;
    const body = await response.text();
    answers.push({ status, ...(status === 200 ? { body } : JSON.parse(body)) });
  }
  return answers;
};

/** Runs the cases of one policy; the upstream echoes the credential. */
async function runCases(send: SendCases, policy: Case["policy"], group: readonly Case[]) {
  const received: UpstreamRequest[] = [];
  const parsed = readPolicy(typeof policy === "string" ? policies[policy] : policy);
  const gateway = createGateway({
    policyName: "conformance",
    policy: parsed.ok ? parsed : err({ reason: "invalid_policy" }),
    mode: "deployed",
    secretOf: () => secret,
    hosts: new Map(),
    routes: {},
    limits: { requests: group.length, bytes: 10_000_000 },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal: new AbortController().signal,
    announce: async () => "go",
    log: () => {},
    send: async (url, init) => {
      const headers = new Headers(init.headers);
      const [method, redirect] = [init.method ?? "", init.redirect ?? ""];
      const authorization = headers.get("authorization");
      received.push({ url, method, redirect, authorization });
      return new Response(method === "HEAD" ? null : `echo ${authorization}`);
    },
  });
  const answers = await send(group, (request) => gateway.fetch(request));
  const policyOrNull = parsed.ok ? compile(parsed.value.policy) : null;
  const decisions = group.map((each) => decide(policyOrNull, each));
  return { received, answers, decisions, rows: gateway.drain() };
}

/** `fetch` trims header values before it sends a case. */
const trimHeaders = (each: Case): Case => ({
  ...each,
  headers: each.headers.map(([name, value]) => [
    name,
    value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, ""),
  ]),
});

/** The reasons for which the sandbox's own `fetch` throws, like that of a browser. */
const thrownInside: readonly string[] = ["bad_url", "header", "method"];

function expectedRequests(decision: Decision): UpstreamRequest[] {
  if (decision.action === "deny") return [];
  const authorization = decision.action === "inject" ? `Bearer ${secret}` : null;
  const { url, method } = decision;
  return [{ url: url.href, method, redirect: "manual", authorization }];
}

/** Cases with their own rule share one policy of all these rules, to save runs. */
const policy = {
  rules: cases.flatMap((each) => (typeof each.policy === "string" ? [] : each.policy.rules)),
};
const shared = cases.map((each) => (typeof each.policy === "string" ? each : { ...each, policy }));
const grouped = Map.groupBy(shared.map(trimHeaders), (each) => each.policy);

describe.each([
  ["a program in isolate", insideEngine(isolateEngine(env.LOADER))],
  ["a program in isolate-v8", insideEngine(isolateV8Engine(env.LOADER))],
  ["a container of microvm", outOfContainer],
])("requests from %s", (_, send) => {
  test("reach the upstream only if the decision allows them", async () => {
    const counts = { all: 0, allowed: 0, denied: 0, thrown: 0 };
    for (const [name, group] of grouped) {
      const { received, answers, decisions, rows } = await runCases(send, name, group);
      expect(received).toEqual(decisions.flatMap(expectedRequests));
      expect(answers).toHaveLength(group.length);
      answers.forEach((answer, index) => {
        const decision = decisions[index];
        const where = `${group[index]?.method} ${JSON.stringify(group[index]?.url)}`;
        counts.all += 1;
        if ("thrown" in answer) {
          counts.thrown += 1;
          expect(answer.thrown, where).toBe("TypeError");
          const isUrl = URL.canParse(group[index]?.url ?? "");
          if (isUrl) expect(thrownInside, where).toContain(decision?.reason);
        } else if (decision?.action === "deny") {
          counts.denied += 1;
          const { url } = decision;
          expect(answer.status, where).toBe(403);
          // A deployed gateway denies every request under a policy for local runs.
          const reason = name === "local" ? "local_only" : decision.reason;
          const error = { code: "egress_denied", host: url?.host ?? "", reason };
          expect(answer.error, where).toMatchObject(error);
        } else {
          counts.allowed += 1;
          expect(answer.status, where).toBe(200);
          // The injected value is scrubbed from the response.
          const echo = decision?.action === "inject" ? "echo Bearer [redacted]" : "echo null";
          expect(answer.body, where).toBe(decision?.method === "HEAD" ? "" : echo);
        }
      });
      expect(rows).toHaveLength(answers.filter((answer) => !("thrown" in answer)).length);
    }
    expect(counts.all).toBe(cases.length);
    expect(counts.allowed).toBeGreaterThan(100);
    expect(counts.denied).toBeGreaterThan(250);
  }, 20_000);
});
