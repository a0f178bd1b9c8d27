import { describe, expect, test } from "vitest";
import { openAiTransport } from "../../../consumer/models/transport/openai.ts";
import { modelLimits } from "../../../shared/limits.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { request } from "../request.ts";

const goodReply = {
  choices: [{ finish_reason: "stop", message: { content: "hi" } }],
  usage: { prompt_tokens: 9, completion_tokens: 1 },
};

interface Seen {
  url: string;
  init: RequestInit;
}

/** A transport with a scripted endpoint, and the requests it received. */
function endpoint(
  answer: () => Response | Promise<Response>,
  apiKey?: string,
  baseUrl = "http://models.test/v1/",
) {
  const received: Seen[] = [];
  const transport = openAiTransport({
    baseUrl,
    profile: profileOf("any"),
    ...(apiKey === undefined ? {} : { apiKey }),
    send: async (input, init) => {
      received.push({ url: String(input), init: init ?? {} });
      return await answer();
    },
  });
  return { transport, seen: received };
}

describe("a request", () => {
  test("is one POST to chat/completions with the key, following no redirect", async () => {
    const { transport, seen } = endpoint(() => Response.json(goodReply), "sk-1");
    expect(await transport.complete(request())).toMatchObject({ ok: true, reply: { text: "hi" } });
    expect(seen).toHaveLength(1);
    expect(seen[0]?.url).toBe("http://models.test/v1/chat/completions");
    expect(seen[0]?.init).toMatchObject({
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json", authorization: "Bearer sk-1" },
    });
    expect(JSON.parse(String(seen[0]?.init.body))).toMatchObject({
      model: "test-model",
      stream: false,
    });
  });

  test("has no authorization where there is no key", async () => {
    const { transport, seen } = endpoint(() => Response.json(goodReply));
    await transport.complete(request());
    expect(seen[0]?.init.headers).not.toHaveProperty("authorization");
  });
});

describe("an answer", () => {
  const headers = (fields: Record<string, string>) => ({ headers: fields });
  const rows: [name: string, answer: () => Response, expected: object][] = [
    [
      "of another content type is read by content",
      () =>
        new Response(
          JSON.stringify(goodReply),
          headers({ "content-type": "text/plain; charset=utf-8" }),
        ),
      { ok: true, reply: { text: "hi" } },
    ],
    [
      "with a byte order mark",
      () => new Response(`\ufeff${JSON.stringify(goodReply)}`),
      { ok: true },
    ],
    [
      "streamed although asked not to",
      () =>
        new Response(
          'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
          headers({ "content-type": "text/event-stream" }),
        ),
      { ok: true, reply: { text: "hi" } },
    ],
    [
      "cut in the middle of a stream",
      () => new Response('data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'),
      { failure: { code: "model_unreadable" } },
    ],
    [
      "cut in the middle of JSON",
      () => new Response(JSON.stringify(goodReply).slice(0, 40)),
      { failure: { code: "model_unreadable" } },
    ],
    [
      "that is a web page",
      () => new Response("<html>Hello</html>"),
      { failure: { code: "model_unreadable" } },
    ],
    [
      "that is empty",
      () => new Response(null, { status: 200 }),
      { failure: { code: "model_unreadable" } },
    ],
    ["204", () => new Response(null, { status: 204 }), { failure: { code: "model_unreadable" } }],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "http://evil.test" } }),
      { failure: { code: "model_rejected", status: 302 } },
    ],
    [
      "429 with seconds",
      () =>
        Response.json(
          { error: { message: "slow" } },
          { status: 429, headers: { "retry-after": "5" } },
        ),
      { failure: { code: "model_busy", retryAfterMs: 5_000 } },
    ],
    [
      "429 without any",
      () => new Response("slow", { status: 429 }),
      { failure: { code: "model_busy" } },
    ],
    [
      "500 with JSON",
      () => Response.json({ error: "boom" }, { status: 500 }),
      { failure: { code: "model_unavailable", status: 500 } },
    ],
    [
      "503 with HTML",
      () => new Response("<h1>down</h1>", { status: 503 }),
      { failure: { code: "model_unavailable" } },
    ],
    [
      "400 for the context",
      () =>
        Response.json(
          { error: { code: "context_length_exceeded", message: "x" } },
          { status: 400 },
        ),
      { failure: { code: "model_overflow" } },
    ],
    [
      "400 for JSON that is an error",
      () => Response.json({ error: { message: "bad tools" } }, { status: 400 }),
      { failure: { code: "model_rejected" } },
    ],
    [
      "200 with an error",
      () => Response.json({ error: { code: 3040, message: "busy" } }),
      { failure: { code: "model_busy" } },
    ],
    [
      "in bytes that are no text",
      () => new Response(new Uint8Array([0xff, 0xfe, 0x00])),
      { failure: { code: "model_unreadable" } },
    ],
  ];
  test.each(rows)("%s", async (_name, answer, expected) => {
    expect(await endpoint(answer).transport.complete(request())).toMatchObject(expected);
  });

  test("without end is read no further than the limit, and cancelled", async () => {
    let cancelled = false;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1_000_000;
        controller.enqueue(new Uint8Array(1_000_000).fill(32));
      },
      cancel() {
        cancelled = true;
      },
    });
    const outcome = await endpoint(() => new Response(body)).transport.complete(request());
    expect(outcome).toMatchObject({ failure: { code: "model_unreadable" } });
    expect(cancelled).toBe(true);
    expect(sent).toBeLessThan(modelLimits.replyBytesMax * 2);
  });

  test("that breaks off is a failure, not a rejection", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.error(new TypeError("connection reset"));
      },
    });
    expect(await endpoint(() => new Response(body)).transport.complete(request())).toMatchObject({
      failure: { code: "model_unavailable" },
    });
  });

  test("never repeats the key", async () => {
    const { transport } = endpoint(
      () => Response.json({ error: { message: "bad key sk-secret-1" } }, { status: 401 }),
      "sk-secret-1",
    );
    const outcome = await transport.complete(request());
    expect(JSON.stringify(outcome)).not.toContain("sk-secret-1");
    expect(outcome).toMatchObject({ failure: { code: "model_rejected" } });
  });
});

test("an endpoint that cannot be reached is a failure", async () => {
  const { transport } = endpoint(() => Promise.reject(new TypeError("fetch failed")));
  expect(await transport.complete(request())).toMatchObject({
    failure: { code: "model_unavailable" },
  });
});

test("a call that its caller stops ends as a failure", async () => {
  const transport = openAiTransport({
    baseUrl: "http://models.test",
    profile: profileOf("any"),
    send: (_input, init) =>
      new Promise((_resolve, reject) => {
        const { signal } = init ?? {};
        if (signal?.aborted) reject(signal.reason);
        else signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const outcome = await transport.complete(request({ signal: AbortSignal.abort() }));
  expect(outcome).toMatchObject({ ok: false, failure: { code: "model_deadline" } });
});

describe("an endpoint that cuts the front of the conversation off", () => {
  const longText = (chars: number) =>
    request({
      messages: [{ role: "user", content: "some words and more of them. ".repeat(chars / 29) }],
    });
  const countingEndpoint = (prompt_tokens: number) =>
    endpoint(() => Response.json({ ...goodReply, usage: { prompt_tokens, completion_tokens: 5 } }))
      .transport;

  test("is detected by the token count that it reports, and the usage of the call is kept", async () => {
    expect(await countingEndpoint(4_096).complete(longText(60_000))).toMatchObject({
      ok: false,
      failure: { code: "model_overflow", message: expect.stringContaining("num_ctx") },
      usage: { prompt_tokens: 4_096, completion_tokens: 5 },
    });
  });
  const fine: [string, number, number][] = [
    ["a count as expected", 15_000, 60_000],
    ["a short conversation, whatever the count", 1, 10_000],
  ];
  test.each(fine)("is not detected in %s", async (_name, tokens, chars) => {
    expect(await countingEndpoint(tokens).complete(longText(chars))).toMatchObject({ ok: true });
  });

  test("is not detected in long runs of one character, which take few tokens", async () => {
    const spaces = request({
      messages: [
        {
          role: "user",
          content: `${" ".repeat(100_000)}${"-".repeat(100_000)}${"\n ".repeat(50_000)}`,
        },
      ],
    });
    expect(await countingEndpoint(3_000).complete(spaces)).toMatchObject({ ok: true });
  });

  test("is not detected if the endpoint reports no token count", async () => {
    const { usage: _, ...bare } = goodReply;
    const { transport } = endpoint(() => Response.json(bare));
    expect(await transport.complete(longText(60_000))).toMatchObject({
      ok: true,
      reply: { usage: { estimated: true } },
    });
  });
});
