import { describe, expect, it } from '@jest/globals';
import { parseClusterJobs } from './cluster-jobs.js';

const HEADER = 'timestamp,duration,num_gpus,gpu_time,cluster';

describe('the trace of a cluster’s jobs', () => {
  it('is read line by line, in UTC', () => {
    expect(
      parseClusterJobs(`${HEADER}\n2017-10-09 07:01:55,66.0,1,66.0,c\n2017-10-09 07:00:41,64.5,16,1032,c\n`, 'f'),
    ).toEqual([
      { submittedSeconds: Date.UTC(2017, 9, 9, 7, 1, 55) / 1_000, durationSeconds: 66, gpus: 1 },
      { submittedSeconds: Date.UTC(2017, 9, 9, 7, 0, 41) / 1_000, durationSeconds: 64.5, gpus: 16 },
    ]);
  });

  it.each([
    ['2017-10-09,66.0,1,66.0,c', 'jobs.csv, line 3: timestamp is "2017-10-09"; it must be a time such as'],
    ['2017-13-09 07:01:55,66.0,1,66.0,c', 'jobs.csv, line 3: timestamp is "2017-13-09 07:01:55"'],
    ['2017-10-09 07:01:55,,1,66.0,c', 'jobs.csv, line 3: duration is ""; it must be a number of seconds above 0'],
    ['2017-10-09 07:01:55,0,1,66.0,c', 'jobs.csv, line 3: duration is "0"'],
    ['2017-10-09 07:01:55,-5,1,66.0,c', 'jobs.csv, line 3: duration is "-5"'],
    ['2017-10-09 07:01:55,1e3,1,66.0,c', 'jobs.csv, line 3: duration is "1e3"'],
    ['2017-10-09 07:01:55,99999999,1,66.0,c', 'jobs.csv, line 3: duration is "99999999"'],
    [
      '2017-10-09 07:01:55,66.0,0,66.0,c',
      'jobs.csv, line 3: num_gpus is "0"; it must be a whole number from 1 to 1024',
    ],
    ['2017-10-09 07:01:55,66.0,1', 'jobs.csv, line 3: 3 fields, but the header has 5'],
  ])('%s is refused with file, line and field', (line, message) => {
    const text = `${HEADER}\n2017-10-09 07:01:55,66.0,1,66.0,c\n${line}\n`;
    expect(() => parseClusterJobs(text, 'jobs.csv')).toThrow(message);
  });

  it('is refused without the columns it needs', () => {
    expect(() => parseClusterJobs('timestamp,num_gpus\nx,1\n', 'jobs.csv')).toThrow(
      'jobs.csv, line 1: no column duration in the header',
    );
  });
});
