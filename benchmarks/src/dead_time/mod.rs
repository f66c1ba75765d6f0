//! The time that is lost between an agent that is online and the commands, and between their end and the call that ends
//! their instance.

mod http;
mod in_virtual_time;

use crate::report::Chapter;

pub(crate) const IN_VIRTUAL_TIME: Chapter = Chapter {
    name: "dead-time-in-virtual-time",
    title: "No dead time, in virtual time",
    measure: in_virtual_time::measure,
};

pub(crate) const OVER_HTTP: Chapter = Chapter {
    name: "dead-time-over-http",
    title: "No dead time, with the real Lambdas over HTTP",
    measure: http::measure,
};
