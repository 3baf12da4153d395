// The version of Keras whose files Hornet writes.

export const KERAS_VERSION = '3.15.1';
