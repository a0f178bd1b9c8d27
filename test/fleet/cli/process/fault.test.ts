import { expect, test } from "vitest";
import { batchWith, fakeFleet, fleet } from "../fake_fleet.ts";

const now = () => {
  throw new Error("the clock is broken");
};
const script = { "GET /v1/batches/batch_1": { body: batchWith({ queued: 1 }) } };

test("a bug of the CLI itself is reported in one line, with exit code 1", async () => {
  const { url } = await fakeFleet(script);
  const result = await fleet(["watch", "batch_1", "--url", url], { now });
  expect(result.code).toBe(1);
  expect(result.err.trimEnd().split("\n")).toHaveLength(1);
  expect(result.err).toContain("the clock is broken");
});

test("FLEET_DEBUG adds the stack trace", async () => {
  const { url } = await fakeFleet(script);
  const environment = { FLEET_DEBUG: "1" };
  const result = await fleet(["watch", "batch_1", "--url", url], { now, environment });
  expect(result.err).toContain("fault.test.ts");
});
