import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { findSkills } from "../../consumer/skills/find.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  runTask,
  testConsumer,
  toolCall,
} from "../consumer/harness.ts";
import { type ErrorBody, send, task, testFleet } from "../producer/client.ts";

const skill = (name: string, description: string) =>
  `---\nname: ${name}\ndescription: ${description}\n---\nRead template.txt.\n`;

beforeAll(async () => {
  await env.OBJECTS.put(
    "inputs/default/kits/letters/SKILL.md",
    skill("letters", "Writes letters."),
  );
  await env.OBJECTS.put("inputs/default/kits/letters/assets/template.txt", "Dear {{name}}");
  await env.OBJECTS.put("inputs/other/kits/secret/SKILL.md", skill("secret", "Another tenant's."));
  await env.OBJECTS.put("inputs/default/kits/bad/SKILL.md", "no front matter");
});

const refs = ["tabular-data", { r2: "kits/letters/" }];

async function run(rehearsal: NonNullable<DurableTask["rehearsal"]>, overrides: DurableTask = {}) {
  const row = await runTask({ prompt: "p", skills: refs, rehearsal, ...overrides });
  const steps = await readSteps(row.id);
  const results = steps.flatMap(({ payload }) => (payload.kind === "tool" ? [payload.text] : []));
  return { row, steps, results };
}

describe("the skills of a task", () => {
  test("can be listed, read and run in the workspace", async () => {
    const { results } = await run([
      toolCall("list_files", { path: "skills" }),
      toolCall("read_file", { path: "skills/letters/assets/template.txt" }),
      toolCall("run_code", {
        code: 'const { parseCsv } = require("./skills/tabular-data/parse.js"); JSON.stringify(parseCsv("a,b\\n1,2"))',
      }),
      finalAnswer(),
    ]);
    expect(results[0]).toContain("skills/letters/SKILL.md");
    expect(results[1]).toContain("Dear {{name}}");
    expect(results[2]).toBe('[{"a":"1","b":"2"}]');
  }, 30_000);

  test("are not listed in the task's result", async () => {
    const { row } = await run([
      toolCall("write_file", { path: "out.txt", content: "x" }),
      finalAnswer(),
    ]);
    const result = await (await env.OBJECTS.get(row.result_key ?? ""))?.json<{ files: object }>();
    expect(Object.keys(result?.files ?? {})).toEqual(["out.txt"]);
  });
});

describe("the folder of the skills is read-only", () => {
  test.each([
    ["write_file", { path: "skills/letters/SKILL.md", content: "obey" }],
    ["write_file", { path: "./skills//fake/SKILL.md", content: "obey" }],
    ["write_file", { path: "skills", content: "obey" }],
    ["delete_file", { path: "skills/letters/SKILL.md" }],
    ["edit_file", { path: "skills/letters/SKILL.md", old: "Read", new: "Obey" }],
    ["run_code", { code: "fs.writeFileSync('skills/letters/SKILL.md', 'obey')" }],
    ["run_code", { code: "fs.unlinkSync('skills/letters/SKILL.md')" }],
  ])(
    "%s %j",
    async (name, args) => {
      const { results, steps } = await run([
        toolCall(name, args),
        toolCall("read_file", { path: "skills/letters/SKILL.md" }),
        finalAnswer(),
      ]);
      expect(steps.find((step) => step.name === name)?.status).toBe("failed");
      expect(results[0]).toContain("read-only");
      expect(results[1]).toContain("Read template.txt.");
    },
    30_000,
  );
});

test("the list of skill files stays the same after an upload changes", async () => {
  const consumer = testConsumer();
  const id = await acceptTask({
    prompt: "p",
    skills: refs,
    rehearsal: [
      toolCall("list_files", { path: "skills" }),
      { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
      toolCall("list_files", { path: "skills" }),
      finalAnswer(),
    ],
  });
  await deliverMessages(consumer, [id]);
  await env.OBJECTS.put("inputs/default/kits/letters/SKILL.md", skill("renamed", "Obey me."));
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverMessages(consumer, [id]);
  await env.OBJECTS.put(
    "inputs/default/kits/letters/SKILL.md",
    skill("letters", "Writes letters."),
  );
  expect((await readRow(id)).status).toBe("succeeded");
  const lists = (await readSteps(id)).flatMap(({ name, payload }) =>
    name === "list_files" && payload.kind === "tool" ? [payload.text] : [],
  );
  expect(lists).toHaveLength(2);
  expect(lists[1]).toBe(lists[0]);
});

describe("a skill that is not available fails the task at once", () => {
  test.each<[string, NonNullable<DurableTask["skills"]>[number], string]>([
    ["unknown", "nothing", "no skill of that name"],
    ["named as a built-in property", "constructor", "no skill of that name"],
    ["another tenant's", { r2: "kits/secret" }, "upload its SKILL.md first"],
    ["another tenant's, by a path", { r2: "../other/kits/secret" }, "upload its SKILL.md first"],
    ["missing", { r2: "kits/none" }, "upload its SKILL.md first"],
    ["unreadable", { r2: "kits/bad" }, "front matter"],
  ])("one that is %s", async (_name, ref, message) => {
    const { row } = await run([finalAnswer()], { skills: [ref] });
    expect(row).toMatchObject({ status: "failed", reason: "sandbox_unavailable" });
    expect(row.error).toContain(message);
  });
});

describe("the skills of a task are bounded", () => {
  const bucketWith = (objects: { key: string; size: number }[]) =>
    ({
      list: async () => ({ objects }),
      get: async () => ({ text: async () => skill("a", "d") }),
    }) as unknown as R2Bucket;
  const head = { key: "inputs/default/k/SKILL.md", size: 50 };

  test.each([
    ["files", Array.from({ length: 300 }, (_, n) => ({ key: `inputs/default/k/${n}`, size: 1 }))],
    ["bytes", [{ key: "inputs/default/k/big", size: 3_000_000 }]],
  ])("in %s", async (message, overrides) => {
    const result = await findSkills(bucketWith([head, ...overrides]), "default", [{ r2: "k" }]);
    expect(result.ok ? "" : result.error).toContain(message);
  });

  test("two skills of one name are rejected", async () => {
    const result = await findSkills(bucketWith([head]), "default", [{ r2: "k" }, { r2: "k/" }]);
    expect(result.ok ? "" : result.error).toContain("named a");
  });
});

describe("the submission of a task is rejected", () => {
  test.each([
    [{ skills: [{ r2: "kits/none" }] }, "skills[0].r2", "PUT /v1/inputs/kits/none/SKILL.md"],
    [{ skills: [{ r2: "../x" }] }, "skills[0].r2", "invalid key"],
    [{ skills: ["a"], files: { "skills/a": { text: "" } } }, 'files["skills/a"]', "another folder"],
    [{ skills: [7] }, "skills[0]", ""],
  ])("with %j", async (overrides, path, text) => {
    const answer = await send(testFleet(), "POST", "/v1/tasks", task(overrides));
    expect(answer.status).toBe(422);
    const { error } = await answer.json<ErrorBody>();
    expect(error.details).toMatchObject([{ path, message: expect.stringContaining(text) }]);
  });
});
