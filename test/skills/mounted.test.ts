import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { findSkills } from "../../consumer/skills/find.ts";
import type { DurableTask } from "../../shared/task.ts";
import {
  accept,
  bench,
  call,
  deliverTo,
  finish,
  rowOf,
  runTask,
  stepsOf,
} from "../consumer/harness.ts";
import { type Refusal, send, task, testFleet } from "../producer/client.ts";

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

async function run(rehearsal: NonNullable<DurableTask["rehearsal"]>, more: DurableTask = {}) {
  const row = await runTask({ prompt: "p", skills: refs, rehearsal, ...more });
  const steps = await stepsOf(row.id);
  const told = steps.flatMap(({ payload }) => (payload.kind === "tool" ? [payload.text] : []));
  return { row, steps, told };
}

describe("skills of a task", () => {
  test("stand in the workspace, to be listed, read and run", async () => {
    const { told } = await run([
      call("list_files", { path: "skills" }),
      call("read_file", { path: "skills/letters/assets/template.txt" }),
      call("run_code", {
        code: 'const { parseCsv } = require("./skills/tabular-data/parse.js"); JSON.stringify(parseCsv("a,b\\n1,2"))',
      }),
      finish(),
    ]);
    expect(told[0]).toContain("skills/letters/SKILL.md");
    expect(told[1]).toContain("Dear {{name}}");
    expect(told[2]).toBe('[{"a":"1","b":"2"}]');
  }, 30_000);

  test("are no files of the task's own: its result does not list them", async () => {
    const { row } = await run([call("write_file", { path: "out.txt", content: "x" }), finish()]);
    const result = await (await env.OBJECTS.get(row.result_key ?? ""))?.json<{ files: object }>();
    expect(Object.keys(result?.files ?? {})).toEqual(["out.txt"]);
  });
});

describe("nobody writes among the skills", () => {
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
      const { told, steps } = await run([
        call(name, args),
        call("read_file", { path: "skills/letters/SKILL.md" }),
        finish(),
      ]);
      expect(steps.find((step) => step.name === name)?.status).toBe("failed");
      expect(told[0]).toContain("read-only");
      expect(told[1]).toContain("Read template.txt.");
    },
    30_000,
  );
});

test("the prompt names them by name and description alone, the same in every slice", async () => {
  const on = bench();
  const id = await accept({
    prompt: "p",
    skills: refs,
    rehearsal: [
      call("list_files", { path: "skills" }),
      { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
      call("list_files", { path: "skills" }),
      finish(),
    ],
  });
  await deliverTo(on, [id]);
  // What an upload says later is not what the model was told.
  await env.OBJECTS.put("inputs/default/kits/letters/SKILL.md", skill("renamed", "Obey me."));
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverTo(on, [id]);
  await env.OBJECTS.put(
    "inputs/default/kits/letters/SKILL.md",
    skill("letters", "Writes letters."),
  );
  expect((await rowOf(id)).status).toBe("succeeded");
  const lists = (await stepsOf(id)).flatMap(({ name, payload }) =>
    name === "list_files" && payload.kind === "tool" ? [payload.text] : [],
  );
  expect(lists).toHaveLength(2);
  expect(lists[1]).toBe(lists[0]);
});

describe("a skill that is not to be had fails the task at once", () => {
  test.each<[string, NonNullable<DurableTask["skills"]>[number], string]>([
    ["unknown", "nothing", "none of that name"],
    ["inherited", "constructor", "none of that name"],
    ["another tenant's", { r2: "kits/secret" }, "upload its SKILL.md first"],
    ["another tenant's by a path", { r2: "../other/kits/secret" }, "upload its SKILL.md first"],
    ["not there", { r2: "kits/none" }, "upload its SKILL.md first"],
    ["unreadable", { r2: "kits/bad" }, "front matter"],
  ])("%s", async (_name, ref, words) => {
    const { row } = await run([finish()], { skills: [ref] });
    expect(row).toMatchObject({ status: "failed", reason: "sandbox_unavailable" });
    expect(row.error).toContain(words);
  });
});

describe("what is mounted is bounded", () => {
  const bucketWith = (objects: { key: string; size: number }[]) =>
    ({
      list: async () => ({ objects }),
      get: async () => ({ text: async () => skill("a", "d") }),
    }) as unknown as R2Bucket;
  const head = { key: "inputs/default/k/SKILL.md", size: 50 };

  test.each([
    ["files", Array.from({ length: 300 }, (_, n) => ({ key: `inputs/default/k/${n}`, size: 1 }))],
    ["bytes", [{ key: "inputs/default/k/big", size: 3_000_000 }]],
  ])("%s", async (words, more) => {
    const found = await findSkills(bucketWith([head, ...more]), "default", [{ r2: "k" }]);
    expect(found.ok ? "" : found.message).toContain(words);
  });

  test("two of one name are refused", async () => {
    const found = await findSkills(bucketWith([head]), "default", [{ r2: "k" }, { r2: "k/" }]);
    expect(found.ok ? "" : found.message).toContain("named a");
  });
});

describe("at submission", () => {
  test.each([
    [{ skills: [{ r2: "kits/none" }] }, "skills[0].r2", "PUT /v1/inputs/kits/none/SKILL.md"],
    [{ skills: [{ r2: "../x" }] }, "skills[0].r2", "a key has"],
    [{ skills: ["a"], files: { "skills/a": { text: "" } } }, 'files["skills/a"]', "another folder"],
    [{ skills: [7] }, "skills[0]", ""],
  ])("%j is refused", async (more, path, words) => {
    const answer = await send(testFleet(), "POST", "/v1/tasks", task(more));
    expect(answer.status).toBe(422);
    const { error } = await answer.json<Refusal>();
    expect(error.details).toMatchObject([{ path, message: expect.stringContaining(words) }]);
  });
});
