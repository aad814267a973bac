import fc from 'fast-check';

// A property that says how long its arrays may get means it: left alone, fast-check stops at about ten.
fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
