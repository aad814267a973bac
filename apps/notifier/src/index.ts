export { startNotifier, type NotifierOptions, type RunningNotifier } from './start-notifier.js';
