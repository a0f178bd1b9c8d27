/** The rules of a task's models and of its rehearsal. */
import type { Detail } from "../../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { quoteValue } from "./explain.ts";
import { fault, type Rule } from "./rule.ts";

/** The model, its scripted turns, and its fallbacks. */
export const model: Rule = (task, scope) => {
  const details = (task.fallback_models ?? []).flatMap((id, index) =>
    id === "rehearsal"
      ? fault(`fallback_models[${index}]`, '"rehearsal" cannot be a fallback: leave it out')
      : unservedModel(`fallback_models[${index}]`, id, scope),
  );
  const id = task.model ?? scope.model;
  if (id !== "rehearsal") {
    if (task.rehearsal !== undefined) {
      const message = `has turns for the model "rehearsal", and this task's model is ${quoteValue(id)}: write "model": "rehearsal", or leave the turns out (MODEL and MODEL_BASE_URL say what serves other models)`;
      details.push(...fault("rehearsal", message));
    }
    return [...unservedModel("model", id, scope), ...details];
  }
  if (!scope.allowsRehearsal) {
    const message = `"rehearsal" is for local runs and for keys with the scope "admin": name a real model (the fleet's MODEL and MODEL_BASE_URL)`;
    details.push(...fault("model", message));
  } else if (task.rehearsal === undefined) {
    const message = `"rehearsal" plays scripted turns, and this task has none: set MODEL and MODEL_BASE_URL for a real model, or write the turns in "rehearsal"`;
    details.push(...fault("model", message));
  }
  return details;
};

function unservedModel(path: string, id: string, scope: CheckScope): Detail[] {
  const modelCheck = scope.checkModel(id);
  return modelCheck.ok ? [] : fault(path, modelCheck.error);
}
