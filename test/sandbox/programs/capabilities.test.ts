import { expect, test } from "vitest";
import type { Capabilities, GuestRequest } from "../../../consumer/sandbox/engine.ts";
import { sandboxLimits } from "../../../shared/limits.ts";
import { run } from "../running.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Tools that record their calls; `echo` answers its arguments, `broken` fails. */
function tools(): { calls: string[]; capabilities: Partial<Capabilities> } {
  const calls: string[] = [];
  return {
    calls,
    capabilities: {
      call: async (name, json) => {
        calls.push(`${name} ${json}`);
        return name === "echo" ? { ok: true, json } : { ok: false, message: "it is broken" };
      },
    },
  };
}

test("every permitted tool is a global function that takes one object", async () => {
  const { calls, capabilities } = tools();
  const outcome = await run("(await echo({ a: [1, 'é\\0'] })).a", {
    tools: ["echo"],
    capabilities,
  });
  expect(outcome.value).toBe("[ 1, 'é\\x00' ]");
  expect(calls).toEqual(['echo {"a":[1,"é\\u0000"]}']);
  expect(outcome.usage.hostCalls).toBe(1);
});

test("a program gets an exception when a tool refuses its call", async () => {
  const { capabilities } = tools();
  const outcome = await run("try { await broken({}) } catch (e) { e.message }", {
    tools: ["broken"],
    capabilities,
  });
  expect(outcome.value).toBe("it is broken");
});

test("a tool that is not permitted does not exist, and cannot be called by name", async () => {
  const { calls, capabilities } = tools();
  const outcome = await run("typeof broken", { tools: ["echo"], capabilities });
  expect(outcome.value).toBe("undefined");
  expect(calls).toEqual([]);
});

test("a tool given something else than one object says so", async () => {
  const { calls, capabilities } = tools();
  const outcome = await run("await echo('path')", { tools: ["echo"], capabilities });
  expect(outcome.error?.message).toContain("takes one object");
  expect(calls).toEqual([]);
});

test("calls at once are bounded, and all are answered", async () => {
  let now = 0;
  let most = 0;
  const capabilities: Partial<Capabilities> = {
    call: async (_name, json) => {
      now += 1;
      most = Math.max(most, now);
      await scheduler.wait(1);
      now -= 1;
      return { ok: true, json };
    },
  };
  const code = "(await Promise.all(Array.from({ length: 100 }, (_, i) => echo({ i })))).length";
  const outcome = await run(code, { tools: ["echo"], capabilities });
  expect(outcome.value).toBe("100");
  expect(most).toBeLessThanOrEqual(sandboxLimits.hostCallsInFlightMax);
});

test("calls of one run are bounded in number", async () => {
  const { calls, capabilities } = tools();
  const code = "let n = 0; try { for (;;) { await echo({}); n++ } } catch (e) { [n, e.message] }";
  const outcome = await run(code, { tools: ["echo"], capabilities });
  expect(outcome.value).toContain(`${sandboxLimits.hostCallsMax}`);
  expect(calls.length).toBe(sandboxLimits.hostCallsMax);
});

/** A gateway that answers from a table and records what it is asked. */
function gateway(
  answers: Record<string, { status?: number; headers?: [string, string][]; body?: string }>,
): {
  requests: GuestRequest[];
  capabilities: Partial<Capabilities>;
} {
  const requests: GuestRequest[] = [];
  return {
    requests,
    capabilities: {
      fetch: async (request) => {
        requests.push(request);
        const answer = answers[request.url] ?? { status: 404 };
        return {
          url: request.url,
          status: answer.status ?? 200,
          statusText: "",
          headers: answer.headers ?? [],
          body: encode(answer.body ?? ""),
        };
      },
    },
  };
}

test("fetch sends method, headers and body through the gateway and reads its answer", async () => {
  const { requests, capabilities } = gateway({
    "https://api.example/items": {
      status: 201,
      headers: [["content-type", "application/json"]],
      body: '{"id":7}',
    },
  });
  const outcome = await run(
    `const r = await fetch("https://api.example/items", { method: "POST", headers: { "X-A": "1" }, body: JSON.stringify({ a: 1 }) });
     [r.status, r.ok, r.headers.get("content-type"), (await r.json()).id]`,
    { capabilities },
  );
  expect(outcome.value).toBe("[ 201, true, 'application/json', 7 ]");
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({ method: "POST", url: "https://api.example/items" });
  expect(Object.fromEntries(requests[0]?.headers ?? [])).toEqual({
    "x-a": "1",
    "content-type": "text/plain;charset=UTF-8",
  });
  expect(new TextDecoder().decode(requests[0]?.body ?? new Uint8Array())).toBe('{"a":1}');
});

test("each hop of a redirect is a request of its own, and credentials stay at their origin", async () => {
  const { requests, capabilities } = gateway({
    "https://a.example/": { status: 302, headers: [["location", "https://b.example/x"]] },
    "https://b.example/x": { body: "there" },
  });
  const outcome = await run(
    `const r = await fetch("https://a.example/", { headers: { authorization: "secret" } }); [await r.text(), r.redirected, r.url]`,
    { capabilities },
  );
  expect(outcome.value).toBe("[ 'there', true, 'https://b.example/x' ]");
  expect(requests.map(({ url, headers }) => [url, headers])).toEqual([
    ["https://a.example/", [["authorization", "secret"]]],
    ["https://b.example/x", []],
  ]);
});

test("a refusal of the gateway is an answer", async () => {
  const outcome = await run(
    "const r = await fetch('https://no.example/'); [r.status, (await r.json()).error.code]",
  );
  expect(outcome.value).toBe("[ 403, 'egress_denied' ]");
});

test("an aborted request rejects, and the run continues", async () => {
  const capabilities: Partial<Capabilities> = { fetch: () => new Promise(() => {}) };
  const code =
    "try { await fetch('https://slow.example/', { signal: AbortSignal.timeout(5) }) } catch (e) { console.log(e.name) }";
  const outcome = await run(code, { capabilities, limits: { wallMs: 200 } });
  expect(outcome.logs).toBe("TimeoutError");
});

test("a host call that never answers ends the run at its deadline", async () => {
  const capabilities: Partial<Capabilities> = { fetch: () => new Promise(() => {}) };
  const outcome = await run("await fetch('https://slow.example/')", {
    capabilities,
    limits: { wallMs: 100 },
  });
  expect(outcome.error?.kind).toBe("deadline");
});

test("an abort ends a run that waits", async () => {
  const controller = new AbortController();
  const capabilities: Partial<Capabilities> = {
    fetch: () => {
      queueMicrotask(() => controller.abort());
      return new Promise(() => {});
    },
  };
  const outcome = await run("await fetch('https://slow.example/')", {
    capabilities,
    signal: controller.signal,
  });
  expect(outcome.error).toMatchObject({ kind: "deadline", message: "The run was aborted." });
});

test("capabilities that throw become errors of the program", async () => {
  const capabilities: Partial<Capabilities> = {
    fetch: async () => {
      throw new Error("gateway gone");
    },
  };
  const outcome = await run(
    "try { await fetch('https://x.example/') } catch (e) { [e.message, e.cause.message] }",
    { capabilities },
  );
  expect(outcome.value).toBe("[ 'fetch failed', 'gateway gone' ]");
});

test("files written, changed and deleted come back, and no others", async () => {
  const outcome = await run(
    "const fs = require('fs'); fs.mkdirSync('new'); fs.writeFileSync('new/a.bin', Buffer.from([0, 255])); fs.appendFileSync('b.txt', '!'); fs.unlinkSync('c.txt'); fs.readFileSync('d.txt')",
    { files: { "b.txt": "b", "c.txt": "c", "d.txt": "d" } },
  );
  expect([...outcome.changes]).toEqual([
    ["new/a.bin", new Uint8Array([0, 255])],
    ["b.txt", encode("b!")],
    ["c.txt", null],
  ]);
});
