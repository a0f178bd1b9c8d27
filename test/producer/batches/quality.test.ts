import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { batchTaskId } from "../../../shared/identity/ids.ts";
import type { QualitySummary } from "../../../shared/task/quality_summary.ts";
import { lines, ndjson, send, task, testFleet } from "../client.ts";
import { cronMinute, endTasks, getBatch, postBatch } from "./steps.ts";

const used = (calls: number, cost_usd: number) => ({
  ...{ model_calls: calls, prompt_tokens: 10, completion_tokens: 1, cost_usd },
});
const summary = (fields: Partial<QualitySummary>): string =>
  JSON.stringify({
    ...{ model: "small", checks: [], failures: 0, corrections: 0, agreement: null, escalations: 0 },
    usage_by_model: { small: used(1, 0.25) },
    ...fields,
  });
const agreement = { samples: 4, count: 5, need: 3, agreed: 3, classes: [] };

test("a batch sums what the checks, samples and escalations of its tasks did, also over tallies", async () => {
  const fleet = testFleet();
  const tasks = Array.from({ length: 502 }, (_, n) => task({ custom_id: `c${n}` }));
  const { id } = await postBatch(fleet, lines(tasks), { headers: ndjson });
  expect(await getBatch(fleet, id)).not.toHaveProperty("quality");
  const end = { finishedAt: 5_000, output: "json_object('n', batch_index)" };
  await endTasks(id, { from: 0, to: 502, ...end });
  const rows: [number, string][] = [
    [0, summary({ failures: 2, corrections: 1 })],
    [1, summary({ agreement })],
    [
      501,
      summary({
        model: "large",
        ...{ failures: 1, escalations: 1 },
        usage_by_model: { small: used(1, 0.25), large: used(1, 2) },
      }),
    ],
  ];
  await env.DB.batch(
    rows.map(([index, quality]) =>
      env.DB.prepare("UPDATE tasks SET quality = ?2 WHERE id = ?1").bind(
        batchTaskId(id, index),
        quality,
      ),
    ),
  );
  const quality = {
    ...{ tasks: 3, checks_failed: 2, corrected: 1, samples: 4, agreed: 3, escalated: 1 },
    usage_by_model: {
      small: { ...used(3, 0.75), prompt_tokens: 30, completion_tokens: 3 },
      large: used(1, 2),
    },
  };
  expect(await getBatch(fleet, id)).toMatchObject({ quality });
  await cronMinute(fleet);
  expect(await getBatch(fleet, id)).toMatchObject({ quality });
  const text = await (await send(fleet, "GET", `/v1/batches/${id}/results`)).text();
  const results = text.split("\n").map((line) => (line === "" ? {} : JSON.parse(line)));
  expect(results[501]).toMatchObject({ model: "large", escalations: 1 });
  expect(results[1]).toMatchObject({ model: "small", agreement });
  expect(results[2]).not.toHaveProperty("checks");
});
