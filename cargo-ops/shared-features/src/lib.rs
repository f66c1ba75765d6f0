//! Only the manifest of this package counts.
