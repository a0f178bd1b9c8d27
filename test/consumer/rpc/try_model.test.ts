/** A model is tried through both Workers, with the fleet's own settings. */
import { afterEach, expect, test, vi } from "vitest";
import { send, testFleet } from "../../producer/client.ts";
import { consumerDown, consumerReplying, consumerWith } from "./consumer_stub.ts";

const base = "http://models.invalid/v1";
afterEach(() => vi.restoreAllMocks());

test("POST /v1/models/try answers what was found at the endpoint of the default model", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) =>
    String(input).endsWith("/models")
      ? Response.json({ data: [{ id: "small" }] })
      : Response.json({ choices: [{ finish_reason: "stop", message: { content: "Hi." } }] }),
  );
  const CONSUMER = consumerWith({ MODEL: "small", MODEL_BASE_URL: base });
  const answer = await send(testFleet({ CONSUMER }), "POST", "/v1/models/try");
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    model: "small",
    findings: [
      { check: "endpoint", ok: true },
      { check: "model", ok: false, message: expect.stringContaining("did not call the tool") },
    ],
  });
});

test("a request may name another model, and an unknown field is rejected", async () => {
  const fleet = testFleet({ CONSUMER: consumerWith() });
  const answer = await send(fleet, "POST", "/v1/models/try", { model: "rehearsal" });
  expect(await answer.json()).toMatchObject({ model: "rehearsal", findings: [{ ok: true }] });
  const rejection = await send(fleet, "POST", "/v1/models/try", { models: ["a"] });
  expect(rejection.status).toBe(422);
});

test("a consumer that does not answer, or answers in another shape, gives 503", async () => {
  for (const CONSUMER of [consumerDown, consumerReplying({ model: "small" })]) {
    expect((await send(testFleet({ CONSUMER }), "POST", "/v1/models/try")).status).toBe(503);
  }
});
