//! Plots as SVG.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// A curve.
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// The labels of a plot.
pub(crate) struct Axes {
    pub(crate) title: &'static str,
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
}

const SIZE: (u32, u32) = (760, 420);
/// Okabe and Ito's palette for colour-blind readers.
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// A plot with two logarithmic axes.
pub(crate) fn logarithmic(axes: &Axes, curves: &[Curve]) -> Result<String, String> {
    let ((left, right), (low, high)) = bounds(curves);
    let place = SeriesLabelPosition::UpperLeft;
    draw(axes, curves, place, (left..right).log_scale(), (low * 0.8..high * 1.25).log_scale())
}

/// A plot with two axes from 0.
pub(crate) fn linear(axes: &Axes, curves: &[Curve]) -> Result<String, String> {
    let ((_, right), (_, high)) = bounds(curves);
    draw(axes, curves, SeriesLabelPosition::LowerRight, 0.0..right, 0.0..high * 1.05)
}

/// A plot of shares, from 0 to 1, over an axis from 0.
pub(crate) fn distribution(axes: &Axes, curves: &[Curve]) -> Result<String, String> {
    let ((_, right), _) = bounds(curves);
    draw(axes, curves, SeriesLabelPosition::LowerRight, 0.0..right, 0.0..1.0)
}

fn bounds(curves: &[Curve]) -> ((f64, f64), (f64, f64)) {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)))
    };
    (range(&mut points().map(|point| point.0)), range(&mut points().map(|point| point.1)))
}

fn draw<X, Y>(axes: &Axes, curves: &[Curve], place: SeriesLabelPosition, x: X, y: Y) -> Result<String, String>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut svg = String::new();
    let drawn = (|| {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(axes.title, ("sans-serif", 17))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(x, y)?;
        let number = |value: &f64| ((value * 1e6).round() / 1e6).to_string();
        chart
            .configure_mesh()
            .x_desc(axes.x)
            .y_desc(axes.y)
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .light_line_style(BLACK.mix(0.06))
            .draw()?;
        for (curve, colour) in curves.iter().zip(COLOURS) {
            let line = LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2));
            let key = move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2));
            chart.draw_series(line)?.label(&curve.name).legend(key);
        }
        chart.configure_series_labels().position(place).background_style(WHITE.mix(0.8)).draw()?;
        area.present()
    })();
    drawn.map_err(|error: DrawingAreaErrorKind<_>| format!("cannot draw {}: {error}", axes.title))?;
    Ok(svg)
}
