/** Schema of the scheduler; its roles are `millrace_scheduler_request` and `millrace_scheduler_system`. */
export const SCHEDULING_SCHEMA = 'scheduler';
