/** Whether the uploads that a task names exist. Those of a batch are looked for only when its tasks run. */

import { headObject, objectKeys } from "../../../shared/files/objects.ts";
import { batchLimits, workspaceLimits } from "../../../shared/limits.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import type { ProducerEnv } from "../../env.ts";
import type { Detail } from "../../http/problem.ts";
import { formatPath } from "./field_path.ts";

export const hasStoredInputs = ({ files, skills }: DurableTask): boolean =>
  Object.values(files ?? {}).some((file) => "r2" in file) ||
  (skills ?? []).some((skill) => typeof skill !== "string");

/** The faults of a valid task's uploads; empty when all can be read. */
export async function findMissingInputs(
  env: ProducerEnv,
  tenant: string,
  { files, skills }: DurableTask,
): Promise<Detail[]> {
  const inputNames = Object.entries(files ?? {}).flatMap(([path, file]) =>
    "r2" in file ? [{ path: formatPath(["files", path, "r2"]), key: file.r2 }] : [],
  );
  for (const [index, skill] of (skills ?? []).entries()) {
    if (typeof skill === "string") continue;
    const key = `${skill.r2.replace(/\/+$/, "")}/SKILL.md`;
    inputNames.push({ path: `skills[${index}].r2`, key });
  }
  const details: Detail[] = [];
  const atOnce = batchLimits.expandPutsAtOnceMax;
  for (let from = 0; from < inputNames.length; from += atOnce) {
    const group = inputNames.slice(from, from + atOnce);
    const faults = await Promise.all(
      group.map(({ path, key }) =>
        findInputFault(env.OBJECTS, path, objectKeys.input(tenant, key), key),
      ),
    );
    details.push(...faults.flat());
  }
  return details;
}

async function findInputFault(
  bucket: R2Bucket,
  path: string,
  objectKey: string,
  key: string,
): Promise<Detail[]> {
  const object = await headObject(bucket, objectKey);
  if (object === null) {
    return [{ path, message: `no such input: upload it first with PUT /v1/inputs/${key}` }];
  }
  const { fileBytesMax } = workspaceLimits;
  if (object.size <= fileBytesMax) return [];
  const message = `has ${object.size} bytes; a file of a workspace may have up to ${fileBytesMax}: split it`;
  return [{ path, message }];
}
