export { startNotifier, type NotifierOptions } from './start-notifier.js';
