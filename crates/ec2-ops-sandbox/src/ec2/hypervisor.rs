//! The machine behind an instance, as the model sees it: it can be switched on and off.

/// Runs the guests. It is called after each change of state, in the order of the changes. No lock of the model is held
/// during the call, so it may call the model.
pub trait Hypervisor: Send + Sync {
    /// The instance became `running`: its guest boots.
    fn power_on(&self, instance: &InstanceFacts);
    /// The instance left `running`: its guest ends.
    fn power_off(&self, instance_id: &str);
    /// The instance reboots without a change of its state: its guest ends and boots again.
    fn reboot(&self, instance: &InstanceFacts) {
        self.power_off(&instance.instance_id);
        self.power_on(instance);
    }
}

/// Runs nothing, for tests of EC2's own behaviour.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHypervisor;

impl Hypervisor for NoHypervisor {
    fn power_on(&self, _: &InstanceFacts) {}
    fn power_off(&self, _: &str) {}
}

/// The facts about an instance that its guest may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceFacts {
    /// For example `i-0123456789abcdef0`.
    pub instance_id: String,
    /// The region it runs in.
    pub region: String,
    /// The zone it runs in.
    pub availability_zone: String,
    /// For example `t3.micro`.
    pub instance_type: String,
    /// The image it was launched from.
    pub image_id: String,
    /// The name of its instance profile.
    pub instance_profile: Option<String>,
    /// Base64, as the launch gave it.
    pub user_data: Option<String>,
    /// Counts the boots of this instance, reboots included: one at the first.
    pub boot: u32,
}
