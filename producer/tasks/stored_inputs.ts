/** Whether the uploads that a task names are there. A batch's are looked for when its tasks run. */
import { batchLimits, workspaceLimits } from "../../shared/limits.ts";
import { headObject, objectKeys } from "../../shared/objects.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail } from "../http/problem.ts";
import { spellPath } from "./explain.ts";

export const namesInputs = ({ files, skills }: DurableTask): boolean =>
  Object.values(files ?? {}).some((file) => "r2" in file) ||
  (skills ?? []).some((skill) => typeof skill !== "string");

/** What is wrong with the uploads of a checked task; empty when all can be read. */
export async function inputFaults(
  env: ProducerEnv,
  tenant: string,
  { files, skills }: DurableTask,
): Promise<Detail[]> {
  const named = Object.entries(files ?? {}).flatMap(([path, file]) =>
    "r2" in file ? [{ path: spellPath(["files", path, "r2"]), key: file.r2 }] : [],
  );
  for (const [at, skill] of (skills ?? []).entries()) {
    if (typeof skill === "string") continue;
    const key = `${skill.r2.replace(/\/+$/, "")}/SKILL.md`;
    named.push({ path: `skills[${at}].r2`, key });
  }
  const details: Detail[] = [];
  const atOnce = batchLimits.expandPutsAtOnceMax;
  for (let from = 0; from < named.length; from += atOnce) {
    const group = named.slice(from, from + atOnce);
    const faults = await Promise.all(group.map(({ key }) => faultOf(env.OBJECTS, tenant, key)));
    for (const [at, { path }] of group.entries()) {
      const message = faults[at];
      if (typeof message === "string") details.push({ path, message });
    }
  }
  return details;
}

async function faultOf(bucket: R2Bucket, tenant: string, key: string): Promise<string | null> {
  const object = await headObject(bucket, objectKeys.input(tenant, key));
  if (object === null) return `no such input: upload it first with PUT /v1/inputs/${key}`;
  if (object.size <= workspaceLimits.fileBytesMax) return null;
  return `holds ${object.size} bytes; a file of a workspace may hold ${workspaceLimits.fileBytesMax}: split it`;
}
