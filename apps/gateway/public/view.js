// What the page shows. Text goes in as text, never as HTML.

const byId = (id) => document.getElementById(id);
const TERMINAL = ['completed', 'failed', 'cancelled', 'expired'];
const NAMES = {
  queued: 'Queued',
  processing: 'In work',
  completed: 'Finished',
  failed: 'Failed',
  cancelled: 'Cancelled',
  expired: 'Expired before it could start',
};
const STAGES = { denoising: 'Denoising', rendering: 'Rendering frames', uploading: 'Uploading' };

export const isEnded = (task) => TERMINAL.includes(task.status);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function show(id, visible) {
  byId(id).hidden = !visible;
}

export const seconds = (value) => (value === undefined ? '–' : `${value.toFixed(value < 10 ? 1 : 0)} s`);

/** Dollars with as many decimals as say something: $0.0031. */
export function money(text) {
  const value = Number(text);
  if (value === 0) return '$0';
  return `$${value >= 0.01 ? value.toFixed(4) : value.toPrecision(2)}`;
}

export function megabytes(bytes) {
  return bytes === undefined
    ? undefined
    : bytes < 1_000_000
      ? `${Math.round(bytes / 1000)} kB`
      : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The whole task panel, from the task as the API answers it. */
export function renderTask(task) {
  byId('task-title').textContent = NAMES[task.status] ?? task.status;
  byId('task-prompt').textContent =
    task.input === null ? 'Prompt and artifacts were erased.' : (task.input.prompt ?? task.task_type);
  byId('stage').classList.toggle('tall', (task.resolution ?? task.requested_resolution) === '1280x704');
  const ended = isEnded(task);
  show('cancel', !ended);
  show('again', task.input !== null);
  show('erase', ended && task.input !== null);
  byId('task-error').textContent = task.failure ? task.failure.message : '';
  show('task-error', task.failure !== null);
  renderStage(task);
  renderProgress(task.progress, task.status === 'processing');
  byId('task-state').textContent = stateText(task);
  renderFacts(task);
  renderAttempts(task);
}

function stateText(task) {
  if (task.status === 'queued') {
    const again =
      task.attempts.length > 0 ? 'The last attempt ended early; the task goes on with the next worker. ' : '';
    return `${again}${task.waiting_reason?.text ?? 'Waiting for a worker.'}`;
  }
  if (task.status === 'processing') return task.step === undefined ? 'A worker has it.' : '';
  if (task.status === 'completed')
    return `Made in ${seconds(task.processing_time)}${task.engine === 'onnx-demo' ? ' by the built-in demonstration model' : ''}.`;
  return '';
}

function renderStage(task) {
  const player = byId('player');
  const finished = task.status === 'completed' && task.result_url !== null;
  show('player', finished);
  show('download', finished);
  if (!finished) {
    player.removeAttribute('src');
    if (isEnded(task)) clearPreview();
    byId('stage-text').textContent = isEnded(task)
      ? 'There is no video.'
      : 'The first picture comes with the first steps.';
    show('stage-text', byId('preview').hidden);
    return;
  }
  clearPreview();
  show('stage-text', false);
  byId('download').href = task.result_url;
  if (player.dataset.task === task.task_id && player.src) return;
  player.dataset.task = task.task_id;
  if (task.thumbnail_url) player.poster = task.thumbnail_url;
  else player.removeAttribute('poster');
  player.src = task.result_url;
  player.setAttribute('aria-label', task.input?.prompt ?? 'The finished video');
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) player.play().catch(() => {});
}

function clearPreview() {
  byId('preview').removeAttribute('src');
  show('preview', false);
}

export function renderPreview({ media_type: mediaType, base64, stage, step, total_steps: total }) {
  if (!/^image\/(png|jpeg|webp)$/.test(mediaType)) return;
  const preview = byId('preview');
  preview.src = `data:${mediaType};base64,${base64}`;
  preview.alt = `${STAGES[stage] ?? stage}, step ${step} of ${total}`;
  show('preview', true);
  show('stage-text', false);
}

export function renderProgress(percent, visible) {
  show('meter', visible);
  byId('meter').setAttribute('aria-valuenow', String(Math.round(percent)));
  byId('meter-bar').setAttribute('width', String(percent));
}

export function renderStep({ progress, stage, step, total_steps: total, estimated_completion: until }) {
  renderProgress(progress, true);
  const left = until ? Math.max(0, (Date.parse(until) - Date.now()) / 1000) : undefined;
  const rest = left === undefined ? '' : ` · about ${Math.ceil(left)} s left`;
  byId('task-state').textContent = `${STAGES[stage] ?? stage} · step ${step} of ${total}${rest}`;
}

function renderFacts(task) {
  const { usage } = task;
  const facts = [
    ['Type', task.task_type],
    ['Size', task.resolution ?? task.requested_resolution],
    ['Video', task.duration === undefined ? undefined : seconds(task.duration)],
    ['File', megabytes(task.file_size)],
    ['Seed', task.parameters.seed],
    ['GPU time', usage ? seconds(usage.gpu_seconds) : undefined],
    [usage && !usage.final ? 'Cost so far' : 'Cost', usage ? money(usage.cost) : undefined],
    ['Trace', task.trace_id, 'long'],
    ['Task', task.task_id, 'long'],
  ];
  byId('facts').replaceChildren(
    ...facts
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value, kind]) =>
        element('div', { class: kind }, element('dt', {}, name), element('dd', {}, String(value))),
      ),
  );
}

function renderAttempts(task) {
  show('attempts-box', task.attempts.length > 0);
  const costs = new Map((task.usage?.by_attempt ?? []).map((line) => [line.attempt, line]));
  byId('attempts').replaceChildren(
    ...task.attempts.map((attempt) => {
      const line = costs.get(attempt.number);
      const from = attempt.resumed_from_step > 0 ? `checkpoint at ${attempt.resumed_from_step}` : 'start';
      return element(
        'tr',
        {},
        element('td', {}, String(attempt.number)),
        element('td', {}, attempt.outcome ?? 'running'),
        element('td', {}, `${attempt.worker} (${attempt.pool}, ${attempt.capacity === 'spot' ? 'Spot' : 'on demand'})`),
        element('td', {}, from),
        element('td', { class: 'number' }, (line?.gpu_seconds ?? attempt.gpu_seconds).toFixed(1)),
        element('td', { class: 'number' }, line ? money(line.cost) : '–'),
      );
    }),
  );
}

/** The list of recent tasks; `open` is called with the id of the one that is chosen. */
export function renderRecent(tasks, currentId, open) {
  show('recent-empty', tasks.length === 0);
  byId('recent').replaceChildren(
    ...tasks.map((task) => {
      const button = element('button', {
        type: 'button',
        'aria-current': task.task_id === currentId ? 'true' : undefined,
      });
      const picture = task.thumbnail_url
        ? element('img', { class: 'thumb', src: task.thumbnail_url, alt: '', loading: 'lazy' })
        : element('span', { class: 'thumb' });
      const what = task.input === null ? 'erased' : (task.input.prompt ?? task.task_type);
      button.append(
        picture,
        element('p', { class: 'what' }, what),
        element(
          'p',
          { class: 'when' },
          element('span', { class: `state-${task.status}` }, NAMES[task.status] ?? task.status),
          element('time', { datetime: task.created_at }, ago(task.created_at)),
        ),
      );
      button.addEventListener('click', () => open(task.task_id));
      return element('li', {}, button);
    }),
  );
}

function ago(iso) {
  const minutes = Math.round((Date.now() - Date.parse(iso)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 1440 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} d ago`;
}

/** Puts each fault of a problem at its field, and says the rest above the button. */
export function renderFormError(error) {
  const faults = error?.problem?.errors ?? [];
  const unplaced = new Set(faults);
  for (const place of document.querySelectorAll('[data-pointer]')) {
    const fault = faults.find((one) => one.pointer === place.dataset.pointer);
    place.textContent = fault?.message ?? '';
    place.id ||= `fault-${place.dataset.pointer.replaceAll('/', '-')}`;
    const field =
      place.dataset.pointer === '/prompt' ? byId('prompt') : place.parentElement.querySelector('input, select');
    field.setAttribute('aria-invalid', String(fault !== undefined));
    field.setAttribute('aria-describedby', place.id);
    if (fault) unplaced.delete(fault);
  }
  const text = error && (faults.length === 0 || unplaced.size > 0) ? error.message : '';
  byId('form-error').textContent = text;
  show('form-error', text !== '');
}

export { byId, show };
