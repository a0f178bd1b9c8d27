/** Which parts of a task are pictures that its model is shown. */
import { pictureLimits } from "../limits.ts";
import { pictureSize } from "../models/pictures.ts";
import type { DurableTask, InputFile } from "./task.ts";

const pictureName = /\.(?:png|jpe?g|gif|webp)$/i;
/** Enough base64 for the header of a picture whose size is near its start. */
const headCharsMax = 131_072;

/** The files that are shown: pictures by their bytes, uploads by their name, unless the task says otherwise. */
export function shownFiles({ files = {} }: DurableTask): [path: string, file: InputFile][] {
  return Object.entries(files)
    .filter(([path, file]) => isShown(path, file))
    .slice(0, pictureLimits.countMax);
}

/** Decided once for each file: 50,000 tasks of a batch may share one. */
const decided = new WeakMap<object, boolean>();

function isShown(path: string, file: InputFile): boolean {
  if ("text" in file || file.picture === false) return false;
  if ("r2" in file) return pictureName.test(path);
  const known = decided.get(file);
  if (known !== undefined) return known;
  const shown = isPicture(file.base64);
  decided.set(file, shown);
  return shown;
}

function isPicture(base64: string): boolean {
  try {
    return pictureSize(Uint8Array.fromBase64(base64.slice(0, headCharsMax))) !== null;
  } catch {
    return false;
  }
}

/** The paths of the pictures, as a rejection names them. */
export function picturePaths(task: DurableTask): string[] {
  const inMessages = (task.messages ?? []).flatMap(({ content }, index) =>
    typeof content === "string"
      ? []
      : content.flatMap((part, at) =>
          part.type === "image_url" ? [`messages[${index}].content[${at}]`] : [],
        ),
  );
  return [...inMessages, ...shownFiles(task).map(([path]) => `files[${JSON.stringify(path)}]`)];
}

export const holdsPictures = (task: DurableTask): boolean => picturePaths(task).length > 0;
