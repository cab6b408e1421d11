import { createHash } from 'node:crypto';
import path from 'node:path';
import {
  flowSchema,
  LANGUAGES,
  sentencesSchema,
  type Flow,
  type Language,
  type Sentences,
} from '../capture/flow.js';
import { AppError, type MemberError } from '../errors.js';
import { readFolder } from './flow-files.js';

/** The flows that this service was started with. They don't change while it runs. */
export class Flows {
  readonly #byName: ReadonlyMap<string, Flow>;
  readonly #byNumber: ReadonlyMap<string, Flow>;

  constructor(flows: readonly Flow[]) {
    this.#byName = new Map(flows.map((flow) => [flow.name, flow]));
    this.#byNumber = new Map(flows.flatMap((flow) => flow.numbers.map((number) => [number, flow])));
  }

  /** Changes when any flow does: half a SHA-256, in base64url: decimal digits in a row could pass for a card's. */
  get digest(): string {
    const flows = [...this.#byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return createHash('sha256').update(JSON.stringify(flows)).digest().toString('base64url', 0, 16);
  }

  /** Whose calls the flows take. */
  get merchants(): string[] {
    return [...new Set([...this.#byName.values()].map(({ merchant }) => merchant))];
  }

  byName(name: string): Flow | null {
    return this.#byName.get(name) ?? null;
  }

  /** The flow that claims a called number, or else the default one. Throws AppError `config_invalid` when there is none. */
  forNumber(number: string, defaultFlow: string): Flow {
    const flow = this.#byNumber.get(number) ?? this.byName(defaultFlow);
    if (flow !== null) return flow;
    const known = [...this.#byName.keys()].join(', ');
    throw new AppError('config_invalid', `DEFAULT_FLOW names no flow: use one of ${known}`);
  }
}

/**
 * Reads every flow of `folder` and the sentences in its `prompts`. Rejects with AppError `config_invalid`: one line,
 * and one member of `errors`, for each thing that is wrong in any file, with file, line and column.
 */
export async function loadFlows(folder: string): Promise<Flows> {
  const faults: MemberError[] = [];
  const prompts = await loadPrompts(path.join(folder, 'prompts'), faults);
  const flows = await loadFlowFiles(folder, prompts, faults);
  if (faults.length > 0) {
    const lines = faults.map(({ path, message }) => `${path}: ${message}`);
    throw new AppError('config_invalid', lines.join('\n'), { errors: faults });
  }
  return new Flows(flows);
}

type Prompts = ReadonlyMap<Language, Sentences>;

async function loadPrompts(folder: string, faults: MemberError[]): Promise<Prompts> {
  const prompts = new Map<Language, Sentences>();
  const { sources, faults: unreadable } = await readFolder(folder);
  faults.push(...unreadable);
  for (const language of LANGUAGES) {
    const source = sources.get(`${language}.yaml`);
    const reading = source?.read(sentencesSchema);
    if (reading?.ok === true) prompts.set(language, reading.value);
    else
      faults.push(
        ...(reading?.faults ?? [{ path: path.join(folder, `${language}.yaml`), message: 'is missing' }]),
      );
  }
  return prompts;
}

async function loadFlowFiles(folder: string, prompts: Prompts, faults: MemberError[]): Promise<Flow[]> {
  const flows: Flow[] = [];
  const claims = new Map<string, string>();
  const { sources, faults: unreadable } = await readFolder(folder);
  faults.push(...unreadable);
  for (const source of sources.values()) {
    const reading = source.read(flowSchema);
    if (!reading.ok) {
      faults.push(...reading.faults);
      continue;
    }
    const flow = reading.value;
    claim(`name ${flow.name}`, source.at(['name']));
    flow.numbers.forEach((number, index) => claim(`number ${number}`, source.at(['numbers', index])));
    const standard = prompts.get(flow.language);
    if (standard !== undefined) flows.push({ ...flow, sentences: { ...standard, ...flow.sentences } });
  }
  if (sources.size === 0 && unreadable.length === 0) faults.push({ path: folder, message: 'holds no flow' });
  return flows;

  function claim(what: string, place: string): void {
    const first = claims.get(what);
    if (first === undefined) claims.set(what, place);
    else faults.push({ path: place, message: `${what.split(' ')[0]} is taken already at ${first}` });
  }
}
