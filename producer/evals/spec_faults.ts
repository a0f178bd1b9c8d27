/** What is wrong with an evaluation, beyond its schema. */
import { RE2JS } from "re2js";
import { evalLimits } from "../../shared/limits.ts";
import { checkEntries } from "../batches/batch_input.ts";
import { fillEntries } from "../batches/items.ts";
import type { Detail } from "../http/problem.ts";
import type { CheckScope } from "../tasks/check/check_scope.ts";
import { findTemplateFaults } from "../tasks/check/template.ts";
import { type EvalSpec, templateOf } from "./eval_spec.ts";
import { rowItems } from "./variant_tasks.ts";

/** Every variant's tasks are checked, so that nothing starts if one of them would be rejected. */
export async function findSpecFaults(spec: EvalSpec, scope: CheckScope): Promise<Detail[]> {
  const details = [...sizeFaults(spec), ...nameFaults(spec), ...graderFaults(spec)];
  for (const [at, variant] of spec.variants.entries()) {
    const template = templateOf(spec, variant);
    const faults = [...findTemplateFaults(template, scope), ...leakFaults(spec, template)];
    details.push(...faults.map((fault) => ({ ...fault, path: `variants[${at}].${fault.path}` })));
    if (faults.length > 0 || details.length > 0) continue;
    const entries = fillEntries(rowItems(spec, 1), template, {
      time: new Date(scope.now).toISOString(),
    });
    const checked = await checkEntries(entries, {}, scope, async () => {});
    if (!checked.ok) details.push({ path: `variants[${at}]`, message: checked.error.message });
    else {
      details.push(
        ...checked.value.faults.details.map(({ path, line = 1, message }) => ({
          path: `variants[${at}].${path}`,
          message: `row ${line - 1}: ${message}`,
        })),
      );
    }
  }
  return details;
}

function sizeFaults({ rows, samples = 1 }: EvalSpec): Detail[] {
  const tasks = rows.length * samples;
  if (tasks <= evalLimits.tasksMax) return [];
  const message = `${rows.length} rows with ${samples} samples are ${tasks} tasks for each variant; the maximum is ${evalLimits.tasksMax}: send fewer rows or samples`;
  return [{ path: "rows", message }];
}

function nameFaults({ variants }: EvalSpec): Detail[] {
  const names = variants.map(({ name }) => name);
  return variants.flatMap(({ name }, at) =>
    names.indexOf(name) === at
      ? []
      : [
          {
            path: `variants[${at}].name`,
            message: "is used twice: give each variant its own name",
          },
        ],
  );
}

function graderFaults({ graders = [], rows }: EvalSpec): Detail[] {
  return graders.flatMap((grader, at): Detail[] => {
    const path = `graders[${at}]`;
    if (grader.kind === "regex") return patternFaults(grader.pattern, path);
    if (!("expect" in grader)) return [];
    const missing = rows.findIndex((row) => !Object.hasOwn(row, grader.expect));
    if (missing < 0) return [];
    const message = `row ${missing} has no field ${JSON.stringify(grader.expect)}: name a field that every row has`;
    return [{ path: `${path}.expect`, message }];
  });
}

function patternFaults(pattern: string, path: string): Detail[] {
  try {
    RE2JS.compile(pattern);
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : "invalid";
    return [{ path: `${path}.pattern`, message: `invalid regular expression (RE2): ${reason}` }];
  }
}

/** The right answer in the prompt would make every variant right. */
function leakFaults({ graders = [] }: EvalSpec, template: object): Detail[] {
  const text = JSON.stringify(template);
  const expected = new Set(
    graders.flatMap((grader) => ("expect" in grader ? [grader.expect] : [])),
  );
  if (expected.size === 0) return [];
  const used = [...text.matchAll(/\{\{\s*item(?:\.([^{}\s]+))?\s*\}\}/g)].map(([, name]) => name);
  return used.flatMap((name) => {
    if (name !== undefined && !expected.has(name)) return [];
    const what = name === undefined ? "{{item}}" : `{{item.${name}}}`;
    const message = `${what} holds the right answer, which a grader expects: leave it out of the task`;
    return [{ path: "template", message }];
  });
}
