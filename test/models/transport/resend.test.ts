/** A server that closes an idle connection breaks the next request on it: that request is sent once more. */
import { describe, expect, test } from "vitest";
import { openAiTransport } from "../../../consumer/models/transport/openai.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { request } from "../request.ts";

const goodReply = () =>
  Response.json({ choices: [{ finish_reason: "stop", message: { content: "hi" } }] });

/** Plays one step per request; the last one repeats. */
async function complete(steps: (Error | (() => Response))[], signal?: AbortSignal) {
  let sent = 0;
  const transport = openAiTransport({
    baseUrl: "http://models.test/v1",
    profile: profileOf("any"),
    memory: new Map(),
    send: async () => {
      const step = steps[Math.min(sent, steps.length - 1)] ?? goodReply;
      sent += 1;
      if (step instanceof Error) throw step;
      return step();
    },
  });
  const outcome = await transport.complete(request(signal === undefined ? {} : { signal }));
  return { outcome, sent };
}

const nodeError = (code: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(`read ${code}`), { code }) });

describe("a request that dies before any byte of a response is sent again once", () => {
  test.each([
    ["lost, as the Workers runtime says it", new Error("Network connection lost.")],
    ["reset, as Node says it", nodeError("ECONNRESET")],
    ["closed by the other side, as Node says it", nodeError("UND_ERR_SOCKET")],
    ["hung up", new Error("socket hang up")],
    ["reset by peer", new Error("connection reset by peer")],
  ])("%s", async (_name, error) => {
    expect(await complete([error, goodReply])).toMatchObject({ outcome: { ok: true }, sent: 2 });
    expect(await complete([error])).toMatchObject({ outcome: { ok: false }, sent: 2 });
  });
});

describe("a request is not sent again", () => {
  const aborted = AbortSignal.abort();
  const broken = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("{"));
          controller.error(new Error("Network connection lost."));
        },
      }),
    );
  test.each<[string, Error | (() => Response), AbortSignal?]>([
    ["to a port that refuses connections", nodeError("ECONNREFUSED")],
    ["to a host that refuses, in words", new Error("connect(): Connection refused")],
    ["to a name that is not found", nodeError("ENOTFOUND")],
    [
      "to a name that the Workers runtime cannot resolve",
      new Error("internal error; reference = a1"),
    ],
    ["after a deadline", new DOMException("late", "TimeoutError")],
    ["after a response has begun", broken],
    ["when its caller has gone", new Error("Network connection lost."), aborted],
  ])("%s", async (_name, step, signal) => {
    expect(await complete([step, goodReply], signal)).toMatchObject({
      outcome: { ok: false },
      sent: 1,
    });
  });
});
