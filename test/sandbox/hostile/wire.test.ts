import { expect, test } from "vitest";
import { run } from "../running.ts";

test("the wire between program and host takes only what it expects", async () => {
  // Every field of a host call that the program controls, with something else in it.
  const requests: unknown[] = [];
  const outcome = await run(
    `const odd = [null, 1, {}, [], "x".repeat(70000), Symbol.iterator, () => 1, new Proxy({}, {})];
     for (const x of odd) { try { await fetch("https://a.example/", { method: x, headers: { a: "b" }, body: x }) } catch {} }
     for (const x of odd) { try { await t({ x }) } catch {} }
     "survived"`,
    {
      tools: ["t"],
      capabilities: {
        fetch: async (request) => {
          requests.push(request);
          return { url: "", status: 200, statusText: "", headers: [], body: new Uint8Array() };
        },
        call: async (_name, json) => ({ ok: true, json }),
      },
    },
  );
  expect(outcome.value).toBe("survived");
  for (const request of requests) {
    expect(request).toMatchObject({ url: expect.any(String), method: expect.any(String) });
  }
});

test("answers of the gateway that are out of range are errors of the program", async () => {
  for (const status of [0, 99, 600]) {
    const outcome = await run("await fetch('https://a.example/')", {
      capabilities: {
        fetch: async () => ({
          url: "",
          status,
          statusText: "",
          headers: [],
          body: new Uint8Array(),
        }),
      },
    });
    expect(outcome.error?.kind).toBe("thrown");
  }
});
