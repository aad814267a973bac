export { schedulingPolicyFile } from './policy-file.js';
export { SCHEDULER_VARIABLES, schedulerSettings, type SchedulerAppSettings } from './settings.js';
export { startScheduler, type StartSchedulerOptions } from './start-scheduler.js';
