import { expect, it } from "vitest";
import { get, recordGateway } from "../recorded_gateway.ts";

const policy = { rules: [{ host: "a.example", methods: ["GET", "POST"] }] };

it("a request with effects is denied before it is sent, while a person must approve it", async () => {
  let isApproved = false;
  const { gateway, sent } = recordGateway(policy, () => new Response("ok"), {
    permitsEffects: () => isApproved,
  });
  const post = { ...get("https://a.example/"), method: "POST" };
  const denied = await gateway.fetch(post);
  expect([denied.status, new TextDecoder().decode(denied.body)]).toEqual([
    403,
    expect.stringMatching(/approval_required/),
  ]);
  expect((await gateway.fetch(get("https://a.example/"))).status).toBe(200);
  isApproved = true;
  expect((await gateway.fetch(post)).status).toBe(200);
  expect(sent.map(({ method }) => method)).toEqual(["GET", "POST"]);
  expect(gateway.used.requests).toBe(2);
});
