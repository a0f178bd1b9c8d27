import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { sandboxLimits } from "../../../shared/limits.ts";
import { run } from "../../sandbox/running.ts";
import { get, recordGateway, threeHosts } from "../recorded_gateway.ts";

const storm = 1_000;

test("each of 1,000 concurrent requests from one program is decided, logged and answered", async () => {
  expect(sandboxLimits.hostCallsMax).toBeGreaterThanOrEqual(storm);
  const { gateway, sent, logged } = recordGateway(threeHosts, ({ url }) => new Response(url), {
    limits: { requests: storm, bytes: 10_000_000 },
  });
  const code = `const paths = Array.from({ length: ${storm} }, (_, n) => n);
    const hosts = ["open.example.com", "evil.example"];
    const all = await Promise.all(paths.map((n) => fetch("https://" + hosts[n % 2] + "/" + n)));
    const texts = await Promise.all(all.map((response) => response.text()));
    [all.filter((each) => each.status === 200).length, all.filter((each) => each.status === 403).length,
     texts.every((text, n) => n % 2 === 1 || text === "https://open.example.com/" + n)].join(" ")`;
  const outcome = await run(code, {
    engine: isolateEngine(env.LOADER),
    limits: { wallMs: 60_000 },
    capabilities: { fetch: (request) => gateway.fetch(request) },
  });
  expect(outcome.value).toBe(`${storm / 2} ${storm / 2} true`);
  const rows = gateway.drain();
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: storm }, (_, n) => n + 1));
  expect(rows.filter(({ action }) => action === "deny")).toHaveLength(storm / 2);
  expect(new Set(rows.map(({ url }) => url)).size).toBe(storm);
  expect(logged).toHaveLength(storm);
  expect(sent).toHaveLength(storm / 2);
}, 60_000);

test("requests beyond the task's limit are answered with 429 and logged", async () => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response("ok"), {
    limits: { requests: 10, bytes: 10_000_000 },
  });
  const responses = await Promise.all(
    Array.from({ length: storm }, (_, n) => gateway.fetch(get(`https://open.example.com/${n}`))),
  );
  expect(responses.filter(({ status }) => status === 429)).toHaveLength(storm - 10);
  expect(sent).toHaveLength(10);
  expect(gateway.drain()).toHaveLength(storm);
});
