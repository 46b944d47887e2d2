<resource schema="dc" resdir="__system">
	<!-- What this site adds to the built-in services of DaCHS. -->

	<STREAM id="tapdescription">
		<meta name="description">ADQL queries on the point sources, the scans and the images of a near-infrared sky
			survey in J, H and Ks, and on the ObsCore table of its images.</meta>
	</STREAM>

	<STREAM id="tapexamples">
		<meta name="_example" title="Sources around a position">
			All point sources within 3 arcmin of a position, brightest in Ks first:

			.. tapquery::
				SELECT TOP 100 designation, ra, dec, j_m, h_m, k_m
				FROM twomass.psc
				WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(283.9, 1.35, 0.05))
				ORDER BY k_m
		</meta>
	</STREAM>
</resource>
