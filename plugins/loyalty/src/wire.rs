//! The JSON of Square's and Voucherify's loyalty webhooks, as far as it is read. These types go no further.
//! Every member is optional: providers leave members out, and one odd member must not cost the object.

pub(crate) mod square;
pub(crate) mod voucherify;
