/** The rule of pictures: they are readable, few and small enough, and every model of the task sees them. */
import { pictureLimits } from "../../../shared/limits.ts";
import { pictureSize, readDataUrl } from "../../../shared/models/pictures.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { picturePaths } from "../../../shared/task/task_pictures.ts";
import type { Detail } from "../../http/problem.ts";
import { quoteValue } from "./explain.ts";
import { fault, type Rule } from "./rule.ts";

export const pictures: Rule = (task, scope) => {
  const paths = picturePaths(task);
  const [first] = paths;
  if (first === undefined) return [];
  const { countMax } = pictureLimits;
  if (paths.length > countMax) {
    return fault(
      first,
      `is one of ${paths.length} pictures; a task may show ${countMax}: leave some out`,
    );
  }
  const models = [
    task.model ?? scope.model,
    ...(task.fallback_models ?? []),
    ...(task.escalate ?? []).map(({ model }) => model),
  ];
  const blind = models.find((id) => !scope.seesPictures(id));
  if (blind !== undefined) {
    return fault(
      first,
      `is a picture, and the model ${quoteValue(blind)} does not see pictures: name a model with vision, or set "vision": true for it in MODEL_PROFILES; for a file that only programs read, add "picture": false`,
    );
  }
  return findUnreadable(task);
};

/** The pictures in messages. Those among the files are known by their bytes. */
function findUnreadable({ messages = [] }: DurableTask): Detail[] {
  let bytesLeft: number = pictureLimits.bytesTotalMax;
  return messages.flatMap(({ role, content }, index) => {
    if (typeof content === "string") return [];
    return content.flatMap((part, at) => {
      if (part.type !== "image_url") return [];
      const path = `messages[${index}].content[${at}]`;
      if (role !== "user")
        return fault(
          path,
          `is a picture of the role ${quoteValue(role)}: put it into a message of the user`,
        );
      const bytes = readDataUrl(part.image_url.url);
      const size = bytes === null ? null : pictureSize(bytes);
      if (bytes === null || size === null) {
        const message =
          "is no picture as a data URL: write data:image/png;base64,… with the type of its bytes (png, jpeg, gif or webp); an address is not fetched";
        return fault(`${path}.image_url.url`, message);
      }
      bytesLeft -= bytes.byteLength;
      return bytesLeft < 0 || Math.max(size.width, size.height) > pictureLimits.sidePixelsMax
        ? fault(
            path,
            `is too large: ${size.width} × ${size.height} pixels, ${bytes.byteLength} bytes; make it smaller`,
          )
        : [];
    });
  });
}
