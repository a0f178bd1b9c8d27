import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { pressureOf } from "../../../shared/store/pressure.ts";
import { acceptTask, deliverMessages, finalAnswer, readRow, testConsumer } from "../harness.ts";

/** A database that rejects claims as D1 does while too many calls wait. */
function overloadedForClaims(): D1Database {
  const reject = () =>
    Promise.reject(new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."));
  const rejecting = { bind: () => rejecting, run: reject, all: reject, first: reject };
  return new Proxy(env.DB, {
    get(target, name) {
      if (name === "prepare")
        return (sql: string) => (sql.includes("claimed_by = ?3") ? rejecting : target.prepare(sql));
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

test("a message whose claim D1 rejects as overloaded returns later and costs no attempt", async () => {
  const DB = overloadedForClaims();
  const on = testConsumer({ DB });
  const id = await acceptTask({ prompt: "p", rehearsal: [finalAnswer()] });
  expect(await deliverMessages(on, [id])).toEqual({ acked: 1, retried: 0 });
  expect(on.sent).toMatchObject([{ body: { task_id: id } }]);
  expect(on.sent[0]?.delaySeconds).toBeGreaterThan(10);
  expect(await readRow(id)).toMatchObject({ status: "queued", attempt: 0, fence: 0 });
  expect(pressureOf(DB).delayMs(Date.now())).toBeGreaterThan(0);
  await deliverMessages(testConsumer(), [id]);
  expect((await readRow(id)).status).toBe("succeeded");
});
