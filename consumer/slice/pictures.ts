/** The pictures among a task's files, as the parts of its first message. */
import { StoredFiles } from "../../shared/files/stored_files.ts";
import { pictureLimits } from "../../shared/limits.ts";
import type { MessagePart } from "../../shared/models/model.ts";
import { dataUrlOf, pictureSize, pictureTokens } from "../../shared/models/pictures.ts";
import type { ProfileOf } from "../../shared/models/profiles.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { type Failure, failure } from "../../shared/task/failures.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { holdsPictures, shownFiles } from "../../shared/task/task_pictures.ts";

interface PictureContext {
  bucket: R2Bucket;
  tenant: string;
  taskId: string;
  model: string;
  profileOf: ProfileOf;
}

/** Reads the files as they were submitted, so that every slice sends the same bytes. */
export async function readPictures(
  task: DurableTask,
  { bucket, tenant, taskId, model, profileOf }: PictureContext,
): Promise<Result<MessagePart[], Failure>> {
  if (!holdsPictures(task)) return ok([]);
  if (!seesPictures(model, profileOf)) return err(blindModel(model));
  const stored = new StoredFiles(bucket, tenant, taskId);
  const parts: MessagePart[] = [];
  let bytesLeft: number = pictureLimits.bytesTotalMax;
  for (const [path, file] of shownFiles(task)) {
    const bytes = await stored.readInput(file);
    const size = bytes === null ? null : pictureSize(bytes);
    if (bytes === null || size === null) continue;
    bytesLeft -= bytes.byteLength;
    if (bytes.byteLength > pictureLimits.bytesMax || bytesLeft < 0) return err(tooLarge(path));
    const url = dataUrlOf(size, bytes);
    parts.push({ type: "text", text: `${path}:` });
    parts.push({ type: "image_url", image_url: { url }, tokens: pictureTokens(size) });
  }
  return ok(parts);
}

/** True for a rehearsal too, which plays its script and does not look at pictures. */
export const seesPictures = (model: string, profileOf: ProfileOf): boolean =>
  model === "rehearsal" || profileOf(model).vision;

const blindModel = (id: string): Failure =>
  failure(
    "model_rejected",
    `The task holds pictures, and the model ${JSON.stringify(id)} does not see them: name a model with vision, or set vision for it in MODEL_PROFILES.`,
  );

const tooLarge = (path: string): Failure =>
  failure(
    "model_rejected",
    `The picture ${JSON.stringify(path)} is too large: one may have ${pictureLimits.bytesMax} bytes, all together ${pictureLimits.bytesTotalMax}. Make it smaller, or write "picture": false.`,
  );
