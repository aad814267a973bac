import { describe, expect, it } from '@jest/globals';
import { parseDiffusionRequests } from './diffusion-requests.js';

const HEADER =
  'gmt_create,predict_type,predict_status,exec_time_seconds,groupId,prompt_length,num_images_per_prompt,num_inference_steps,checkpoint_model_version_id,num_lora';
const GOOD = '2024-11-15 16:57:50,TXT_2_IMG,SUCCEED,32.0,G1,63.0,4.0,30.0,M2,0';

describe('the trace of text-to-image requests', () => {
  it('is read line by line, without those that were still pending', () => {
    const text = [
      HEADER,
      GOOD,
      '2024-11-15 16:58:00,TXT_2_IMG,PENDING,0.0,G1,,,,,0',
      '2024-11-15 16:58:01,INPAINTING,FAILED,3.0,G2,,1.0,20.0,M3,1',
    ].join('\n');
    const at = Date.UTC(2024, 10, 15, 16, 57, 50) / 1_000;
    expect(parseDiffusionRequests(text, 'f')).toEqual([
      {
        createdSeconds: at,
        serviceSeconds: 32,
        succeeded: true,
        group: 'G1',
        pipeline: 'TXT_2_IMG',
        model: 'M2',
        steps: 30,
        images: 4,
      },
      {
        createdSeconds: at + 11,
        serviceSeconds: 3,
        succeeded: false,
        group: 'G2',
        pipeline: 'INPAINTING',
        model: 'M3',
        steps: 20,
        images: 1,
      },
    ]);
  });

  it.each([
    ['2024-11-15 16:57:50', 'yesterday', 'gmt_create is "yesterday"; it must be a time'],
    ['SUCCEED', 'DONE', 'predict_status is "DONE"; it must be SUCCEED, FAILED or PENDING'],
    ['32.0', '0.0', 'exec_time_seconds is "0.0"; it must be a number of seconds above 0'],
    ['32.0', 'NaN', 'exec_time_seconds is "NaN"'],
    ['G1', '', 'groupId is ""; it must be a name'],
    ['TXT_2_IMG', '', 'predict_type is ""; it must be a name'],
    ['M2', '', 'checkpoint_model_version_id is ""; it must be a name'],
    ['30.0', '0', 'num_inference_steps is "0"; it must be a whole number from 1'],
    ['4.0', '1.5', 'num_images_per_prompt is "1.5"; it must be a whole number from 1'],
  ])('%s written as "%s" is refused with file, line and field', (good, bad, message) => {
    const text = `${HEADER}\n${GOOD}\n${GOOD.replace(good, bad)}\n`;
    expect(() => parseDiffusionRequests(text, 'requests.csv')).toThrow(`requests.csv, line 3: ${message}`);
  });
});
