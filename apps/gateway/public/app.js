import { ApiError, createApi } from './api.js';
import {
  byId,
  isEnded,
  renderFormError,
  renderPreview,
  renderProgress,
  renderRecent,
  renderStep,
  renderTask,
  show,
} from './view.js';

const KEY_NAME = 'millrace.key';
const PAGE = 12;
/** Which image rule a task type has (TYP-05). */
const IMAGE_USE = { 'ti2v-5B': 'optional', 't2v-A14B': 'none', 'i2v-A14B': 'required' };

let key = takeKey();
let api = createApi(key ?? '');
let current;
let following = new AbortController();
let recent = [];
let nextCursor = null;

/** The key comes in the fragment, which no server and no log sees, and leaves the address bar at once. */
function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get('key');
  if (given) {
    sessionStorage.setItem(KEY_NAME, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY_NAME);
}

async function start() {
  const known = Boolean(key);
  show('key-form', !known);
  show('desk', known);
  show('forget-key', known);
  if (!known) return byId('key').focus();
  updateImageField();
  updateCurl();
  await loadRecent();
  if (recent[0] && !current) await open(recent[0].task_id, false);
}

function refuseKey(error) {
  sessionStorage.removeItem(KEY_NAME);
  key = null;
  void start();
  byId('key-error').textContent = error.message;
}

/** Runs a call; a refused key leads back to the key form, everything else to `otherwise`. */
async function attempt(work, otherwise) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) refuseKey(error);
    else otherwise(error);
    return undefined;
  }
}

function showTaskError(error) {
  byId('task-error').textContent = error.message;
  show('task-error', true);
}

function requestBody() {
  const type = byId('task-type').value;
  const imageUrl = byId('image-url').value.trim();
  const seed = byId('seed').value;
  return {
    // Line breaks of the text field are no part of a prompt.
    prompt: byId('prompt').value.replace(/\s+/g, ' ').trim(),
    task_type: type,
    resolution: byId('resolution').value,
    priority: Number(byId('priority').value),
    parameters: { duration_s: Number(byId('duration').value), ...(seed === '' ? {} : { seed: Number(seed) }) },
    ...(imageUrl !== '' && IMAGE_USE[type] !== 'none' ? { image_url: imageUrl } : {}),
  };
}

function curlText(shownKey) {
  const body = JSON.stringify(requestBody()).replaceAll("'", String.raw`'\''`);
  return [
    `curl -s ${location.origin}/api/v1/generate \\`,
    `  -H 'Authorization: Bearer ${shownKey}' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${body}'`,
  ].join('\n');
}

function updateCurl() {
  byId('curl').textContent = curlText(`${(key ?? '').slice(0, 17)}…`);
}

function updateImageField() {
  const use = IMAGE_USE[byId('task-type').value];
  show('image-field', use !== 'none');
  byId('image-need').textContent = use;
}

async function submit(event) {
  event.preventDefault();
  renderFormError(undefined);
  byId('submit').disabled = true;
  const answer = await attempt(() => api.generate(requestBody()), renderFormError);
  byId('submit').disabled = false;
  if (!answer) return document.querySelector('[aria-invalid="true"]')?.focus();
  await open(answer.task_id, true);
  await loadRecent();
}

/** Shows a task and follows it until it has ended and is charged. */
async function open(id, moveFocus) {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  const task = await attempt(() => api.task(id), showTaskError);
  if (!task || signal.aborted) return;
  show('preview', false);
  setCurrent(task);
  if (moveFocus) byId('task').focus({ preventScroll: innerWidth > 860 });
  if (isEnded(task) && task.usage?.final) return;
  await api.follow(id, (name, data) => hear(name, data, signal), signal);
}

function hear(name, data, signal) {
  if (signal.aborted) return;
  if (name === 'progress') return renderStep(data);
  if (name === 'preview') return renderPreview(data);
  if (data.task) {
    setCurrent(data.task);
    return void loadRecent();
  }
  void refresh(data.task_id, signal);
}

async function refresh(id, signal) {
  const task = await attempt(() => api.task(id), showTaskError);
  if (task && !signal.aborted) setCurrent(task);
}

function setCurrent(task) {
  current = task;
  renderTask(task);
  renderRecent(recent, task.task_id, (id) => void open(id, true));
}

async function loadRecent() {
  const page = await attempt(() => api.tasks(PAGE), showTaskError);
  if (!page) return;
  recent = page.data;
  nextCursor = page.next_cursor;
  showRecent();
}

async function loadOlder() {
  const page = await attempt(() => api.tasks(PAGE, nextCursor), showTaskError);
  if (!page) return;
  recent = [...recent, ...page.data];
  nextCursor = page.next_cursor;
  showRecent();
}

function showRecent() {
  show('more', nextCursor !== null);
  renderRecent(recent, current?.task_id, (id) => void open(id, true));
}

function useInputs() {
  const { input, task_type: type, requested_resolution: size, parameters, priority } = current;
  byId('prompt').value = input.prompt ?? '';
  byId('task-type').value = type;
  byId('resolution').value = (size ?? '832x480').replace('x', '*');
  byId('duration').value = parameters.duration_s ?? 4;
  byId('seed').value = parameters.seed ?? '';
  byId('priority').value = String(priority);
  byId('image-url').value = input.image_url ?? '';
  updateImageField();
  updateCurl();
  byId('prompt').focus();
}

async function cancel() {
  byId('cancel').disabled = true;
  const task = await attempt(() => api.cancel(current.task_id), showTaskError);
  byId('cancel').disabled = false;
  if (task && !isEnded(task)) byId('task-state').textContent = 'Cancelling…';
}

async function erase() {
  if (!confirm('Erase the prompt and the video of this task? This can not be undone.')) return;
  const id = current.task_id;
  const done = await attempt(() => api.erase(id).then(() => true), showTaskError);
  if (done) await Promise.all([refresh(id, following.signal), loadRecent()]);
}

async function copyCurl() {
  await navigator.clipboard.writeText(curlText(key ?? ''));
  byId('copy-curl').textContent = 'Copied';
  setTimeout(() => (byId('copy-curl').textContent = 'Copy, with the key'), 1500);
}

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  key = byId('key').value.trim();
  byId('key').value = '';
  byId('key-error').textContent = '';
  sessionStorage.setItem(KEY_NAME, key);
  api = createApi(key);
  void start();
});
byId('forget-key').addEventListener('click', () => {
  sessionStorage.removeItem(KEY_NAME);
  location.reload();
});
byId('task-form').addEventListener('submit', (event) => void submit(event));
byId('task-form').addEventListener('input', () => {
  updateImageField();
  updateCurl();
});
byId('examples').addEventListener('click', (event) => {
  if (!(event.target instanceof HTMLButtonElement)) return;
  byId('prompt').value = event.target.textContent.trim();
  updateCurl();
  byId('prompt').focus();
});
byId('again').addEventListener('click', useInputs);
byId('cancel').addEventListener('click', () => void cancel());
byId('erase').addEventListener('click', () => void erase());
byId('more').addEventListener('click', () => void loadOlder());
byId('copy-curl').addEventListener('click', () => void copyCurl());
addEventListener('hashchange', () => {
  key = takeKey();
  api = createApi(key ?? '');
  void start();
});

renderProgress(0, false);
void start();
