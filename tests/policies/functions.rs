//! The functions of Terraform that the policies call. See
//! <https://developer.hashicorp.com/terraform/language/functions>.
#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the signature is that of all functions"
)]

use hcl::Value;
use hcl::eval::{Context, FuncArgs, FuncDef, ParamType};

/// Declares the functions in `context`.
pub(crate) fn declare(context: &mut Context<'_>) {
    let lists = || FuncDef::builder().variadic_param(ParamType::array_of(ParamType::Any));
    let objects = || FuncDef::builder().variadic_param(ParamType::object_of(ParamType::Any));
    context.declare_func("concat", lists().build(concat));
    context.declare_func("merge", objects().build(merge));
    context.declare_func("length", FuncDef::new(length, [ParamType::Any]));
    context.declare_func("startswith", FuncDef::new(startswith, [const { ParamType::String }; 2]));
    context.declare_func("replace", FuncDef::new(replace, [const { ParamType::String }; 3]));
}

fn concat(lists: FuncArgs) -> Result<Value, String> {
    Ok(lists.iter().filter_map(Value::as_array).flatten().cloned().collect())
}

fn merge(objects: FuncArgs) -> Result<Value, String> {
    let fields = objects.iter().filter_map(Value::as_object).flatten();
    Ok(Value::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect()))
}

fn length(of: FuncArgs) -> Result<Value, String> {
    match &of[0] {
        Value::Array(items) => Ok(items.len().into()),
        Value::Object(fields) => Ok(fields.len().into()),
        other => Err(format!("length({other}): expected a list or an object")),
    }
}

fn startswith(of: FuncArgs) -> Result<Value, String> {
    let text = |index: usize| of[index].as_str().unwrap_or_default();
    Ok(text(0).starts_with(text(1)).into())
}

fn replace(of: FuncArgs) -> Result<Value, String> {
    let text = |index: usize| of[index].as_str().unwrap_or_default();
    if text(1).starts_with('/') {
        return Err("replace: a regular expression, which is not modelled".to_owned());
    }
    Ok(text(0).replace(text(1), text(2)).into())
}
