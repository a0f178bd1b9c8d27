/** Which models' tasks a slot may take now. */
import type { ModelChoice } from "../../shared/store/tasks/next_task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { closedHostedModels, closedSince } from "../governor/endpoint_health.ts";
import { isHosted, rateOf } from "../governor/stub.ts";

/** Any model name that MODEL_BASE_URL serves: all of them share its endpoint. */
const anyOwnModel = "any";

/** `model` is the message's; `isAdmitted` where its governor, if it has one, has a slot for one task. */
export function modelChoice(
  config: ConsumerConfig,
  model: string,
  isAdmitted: boolean,
): ModelChoice {
  const isGoverned = rateOf(config, model) !== null;
  const onlyModel = isGoverned && isAdmitted ? model : null;
  const ownSince = closedSince(config, anyOwnModel);
  const ownIsFree = onlyModel !== null || rateOf(config, anyOwnModel) === null;
  const ownModelSince = ownIsFree ? ownSince : null;
  if (!isHosted(config, "@cf/any"))
    return { only: onlyModel, closed: {}, hosted: ownModelSince, own: ownModelSince };
  const closedModels = closedHostedModels(config);
  return {
    only: onlyModel,
    closed: closedModels,
    hosted: onlyModel === null ? null : 0,
    own: ownModelSince,
  };
}
