import { expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const message = {
  id: "4ac1",
  received_at: "2026-11-25T09:00:00.000Z",
  body: '{"tenant":"default","promt":"a"}',
  error: { code: "refused", message: 'promt: unknown field "promt"', details: [] },
};

test("a message that was not accepted is listed with the error", async () => {
  const { url } = await fakeFleet({ "GET /v1/inbox/dead": { body: { messages: [message] } } });
  for (const args of [["inbox"], ["inbox", "dead"]]) {
    const { code, out } = await fleet([...args, "--url", url]);
    expect(code).toBe(0);
    expect(out).toMatch(/4ac1 .*2026-11-25.* refused .*unknown field "promt" .*"tenant"/);
  }
});

test("one message per line is printed with `--json`, as the API returns it", async () => {
  const { url } = await fakeFleet({ "GET /v1/inbox/dead": { body: { messages: [message] } } });
  const { out } = await fleet(["inbox", "dead", "--json", "--url", url]);
  expect(JSON.parse(out)).toEqual(message);
});

test("an empty list is printed as a sentence", async () => {
  const { url } = await fakeFleet({ "GET /v1/inbox/dead": { body: { messages: [] } } });
  expect(await fleet(["inbox", "dead", "--url", url])).toMatchObject({
    code: 0,
    out: "No dead messages.\n",
  });
  expect(await fleet(["inbox", "dead", "--json", "--url", url])).toMatchObject({ out: "" });
});
