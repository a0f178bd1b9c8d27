/** The inputs and outputs of a step, rendered only when the step is opened. */
import type { Step } from "../../../data/responses.ts";
import { UntrustedSection } from "../../../parts/untrusted_text.tsx";
import { formatValue, visibleLine } from "../../../text/visible.ts";
import { argumentsText, modelOutput } from "./step_text.ts";

export function StepDetails({ id, step }: { id: string; step: Step }) {
  const fileNamePrefix = `${id}.step-${step.seq}`;
  return (
    <div class="step-body">
      {step.kind === "tool" ? (
        <ToolDetails step={step} fileNamePrefix={fileNamePrefix} />
      ) : (
        <ModelDetails step={step} fileNamePrefix={fileNamePrefix} />
      )}
    </div>
  );
}

interface DetailsProps {
  step: Step;
  /** How the names of downloads start. */
  fileNamePrefix: string;
}

function ToolDetails({ step, fileNamePrefix }: DetailsProps) {
  return (
    <>
      <UntrustedSection
        title="Arguments"
        text={argumentsText(step.input)}
        file={`${fileNamePrefix}.arguments.json`}
      />
      <UntrustedSection
        title="Output"
        text={formatValue(step.output)}
        file={`${fileNamePrefix}.output.txt`}
      />
      {step.note !== undefined && (
        <UntrustedSection
          title="Note to the model"
          text={step.note}
          file={`${fileNamePrefix}.note.txt`}
        />
      )}
      {step.files !== undefined && (
        <p class="note">Changed: {visibleLine(Object.keys(step.files).join(", "), 400)}</p>
      )}
    </>
  );
}

function ModelDetails({ step, fileNamePrefix }: DetailsProps) {
  const { text = "", reasoning = "", calls = [], finish, error, times } = modelOutput(step);
  return (
    <>
      {error !== undefined && (
        <UntrustedSection
          title={times === undefined ? "Error" : `Error, ${times} times in a row`}
          text={formatValue(error)}
          file={`${fileNamePrefix}.error.json`}
        />
      )}
      {reasoning !== "" && (
        <UntrustedSection
          title="Reasoning"
          text={reasoning}
          file={`${fileNamePrefix}.reasoning.txt`}
        />
      )}
      {text !== "" && (
        <UntrustedSection title="Text" text={text} file={`${fileNamePrefix}.text.txt`} />
      )}
      {calls.map(({ name, arguments: args, problem }, n) => (
        <UntrustedSection
          key={`${name} ${n}`}
          title={`Call of ${visibleLine(name, 80)}${problem === undefined ? "" : ": rejected"}`}
          text={argumentsText(args) + (problem === undefined ? "" : `\n\n${problem}`)}
          file={`${fileNamePrefix}.call-${n + 1}.json`}
        />
      ))}
      <UntrustedSection
        title="Model request"
        text={formatValue(step.input)}
        file={`${fileNamePrefix}.input.json`}
      />
      {finish !== undefined && <p class="note">Finish reason: {visibleLine(finish, 40)}</p>}
    </>
  );
}
