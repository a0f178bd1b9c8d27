import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { flowLimits } from "../../../shared/limits.ts";
import { pause } from "../../../shared/store/flow/pauses.ts";
import { claimNextTask } from "../../../shared/store/tasks/claims.ts";
import {
  type ModelChoice,
  nextIdSql,
  nextIdValues,
} from "../../../shared/store/tasks/next_task.ts";
import type { NewTask } from "../../../shared/store/tasks/submissions.ts";
import { acceptTask } from "../harness.ts";

const patienceMs = 3_600_000;
const anyModel: ModelChoice = { only: null, closed: {}, hosted: 0, own: 0 };

/** A slot that remembers whose turn it was, as an isolate does. */
class Turns {
  #tenant = "";
  readonly #flows: Record<string, string> = {};

  async take(choice: ModelChoice = anyModel): Promise<string | null> {
    const cursor = { tenant: this.#tenant, flows: this.#flows };
    const ownTask = { id: "task_none", onlyEnding: false };
    const task = await claimNextTask(
      env.DB,
      ownTask,
      "{}",
      nextIdValues(cursor, choice, patienceMs),
    );
    if (task === null) return null;
    this.#tenant = task.tenant;
    this.#flows[task.tenant] = task.flow;
    return task.custom_id;
  }

  async takeAll(count: number): Promise<string> {
    const takenIds: string[] = [];
    for (let n = 0; n < count; n++) takenIds.push((await this.take()) ?? "-");
    return takenIds.join("");
  }
}

/** `count` tasks with the custom id `name`. */
async function queue(name: string, count: number, overrides: Partial<NewTask> = {}): Promise<void> {
  for (let n = 0; n < count; n++)
    await acceptTask({ prompt: "p", model: "m" }, { custom_id: name, ...overrides });
}

const batch = (id: string) => ({ batch_id: `batch_${id}`, batch_index: 0 });

beforeEach(async () => {
  await env.DB.batch(
    ["tasks", "pauses", "batches"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  );
});

describe("the order of tasks", () => {
  test("a low task is not taken while a normal one is due", async () => {
    await queue("l", 3, { priority: "low" });
    await queue("n", 2);
    expect(await new Turns().takeAll(6)).toBe("nnlll-");
  });

  test("a small batch does not wait for a large one that was accepted before it", async () => {
    await queue("L", 20, batch("A"));
    await queue("s", 3, batch("B"));
    expect((await new Turns().takeAll(8)).replaceAll("L", "")).toBe("sss");
  });

  test("a tenant with many batches gets no more turns than one with a single task", async () => {
    for (const id of ["A", "B", "C"]) await queue("m", 4, batch(id));
    await queue("o", 3, { tenant: "other" });
    expect((await new Turns().takeAll(6)).replaceAll("m", "")).toBe("ooo");
  });

  test("within a batch the oldest task is taken first", async () => {
    // Ids of one millisecond have no order of their own.
    for (const name of ["3", "1", "2"]) {
      await queue(name, 1, { ...batch("A"), id: `task_${"0".repeat(25)}${name}` });
    }
    expect(await new Turns().takeAll(3)).toBe("123");
  });
});

describe("tasks that must not start do not hold back others", () => {
  test("a task that is not due yet is left out", async () => {
    await queue("f", 2, { not_before: Date.now() + 3_600_000 });
    await queue("n", 1, { not_before: Date.now() - 1 });
    expect(await new Turns().takeAll(2)).toBe("n-");
  });

  test("a paused model's tasks are left out", async () => {
    await pause(env.DB, "model m");
    await queue("p", 3);
    await queue("n", 1, { model: "other" });
    expect(await new Turns().takeAll(2)).toBe("n-");
  });

  test("a full concurrency key's tasks are left out until its slot is free", async () => {
    await queue("k", 3, { concurrency_key: "k", concurrency_limit: 1 });
    await queue("n", 1);
    const turns = new Turns();
    expect([...(await turns.takeAll(3))].sort().join("")).toBe("-kn");
    await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE status = 'running'").run();
    expect(await turns.takeAll(1)).toBe("k");
  });

  test("a closed endpoint's tasks are left out, and taken to end once patience is over", async () => {
    await queue("c", 1);
    const now = Date.now();
    const turns = new Turns();
    expect(await turns.take({ ...anyModel, own: now - 60_000 })).toBeNull();
    await env.DB.prepare("UPDATE tasks SET created_at = created_at - ?1").bind(patienceMs).run();
    expect(await turns.take({ ...anyModel, own: now - patienceMs })).toBe("c");
  });

  test("an admission for one model takes only tasks of that model", async () => {
    await queue("a", 1, { model: "@cf/a" });
    await queue("b", 1, { model: "@cf/b" });
    const turns = new Turns();
    expect(await turns.take({ ...anyModel, only: "@cf/b" })).toBe("b");
    expect(await turns.take({ ...anyModel, hosted: null })).toBeNull();
  });

  test("a flow that may start is found behind as many blocked flows as one choice reads", async () => {
    const later = { not_before: Date.now() + 3_600_000 };
    for (let n = 1; n < flowLimits.flowsPerChoiceMax; n++)
      await queue("f", 1, { ...batch(String(n).padStart(4, "0")), ...later });
    await queue("n", 1, batch("9999"));
    expect(await new Turns().takeAll(1)).toBe("n");
  });
});

test("a choice reads as many rows of 20 queued tasks as of 2,000, with blocked ones among them", async () => {
  const rowsRead = async (count: number): Promise<number> => {
    await env.DB.prepare("DELETE FROM tasks").run();
    await queueMany(count, { ...batch("A") });
    await queueMany(count, { ...batch("B"), model: "paused" });
    await queueMany(count, { concurrency_key: "k", concurrency_limit: 1 });
    await queueMany(count, { ...batch("C"), not_before: Date.now() + 3_600_000 });
    const cursor = { tenant: "", flows: {} };
    // The choice is a part of the claim, whose own parameters come first.
    const { meta } = await env.DB.prepare(`SELECT ?1, ?2, ?3, ?4, (${nextIdSql})`)
      .bind("", "", "", 0, ...nextIdValues(cursor, anyModel, patienceMs))
      .all();
    return meta.rows_read;
  };
  await pause(env.DB, "model paused");
  expect(await rowsRead(500)).toBe(await rowsRead(5));
});

async function queueMany(count: number, fields: Partial<NewTask>): Promise<void> {
  for (let n = 0; n < count; n++)
    await acceptTask({ prompt: "p", model: "m" }, { custom_id: "x", ...fields });
}
